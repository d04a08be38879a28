"""Every error that CloudWatch Logs raises, in AWS's words."""

from clary.wire.errors import AwsError


def group_not_found() -> AwsError:
    """No such log group."""
    return AwsError("ResourceNotFoundException", "The specified log group does not exist.")


def stream_not_found() -> AwsError:
    """No such log stream in the group."""
    return AwsError("ResourceNotFoundException", "The specified log stream does not exist.")


def resource_not_found(text: str) -> AwsError:
    """Nothing under that ARN."""
    return AwsError("ResourceNotFoundException", text)


def group_exists() -> AwsError:
    """The name is taken."""
    return AwsError("ResourceAlreadyExistsException", "The specified log group already exists")


def stream_exists() -> AwsError:
    """The name is taken."""
    return AwsError("ResourceAlreadyExistsException", "The specified log stream already exists")


def invalid_parameter(text: str) -> AwsError:
    """A value, or values together, that the operation cannot take."""
    return AwsError("InvalidParameterException", text)


def invalid_token() -> AwsError:
    """A token of another request, or none of ours."""
    return invalid_parameter("The specified nextToken is invalid.")


def deletion_protected() -> AwsError:
    """The group is protected from deletion."""
    text = "The log group is protected from deletion. Turn deletion protection off first."
    return AwsError("ValidationException", text)


def too_many_tags() -> AwsError:
    """More than fifty tags."""
    return AwsError("TooManyTagsException", "A resource can have at most 50 tags.")
