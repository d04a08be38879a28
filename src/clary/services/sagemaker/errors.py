"""Every error that SageMaker raises here, in AWS's words where AWS has words for it.

SageMaker answers nearly everything with `ValidationException`, a missing resource included.
"""

from clary.wire.errors import AwsError


def validation(message: str) -> AwsError:
    """Return the error for a request that the model accepts and the service does not."""
    return AwsError("ValidationException", message)


def not_supported(feature: str) -> AwsError:
    """Return the error for a feature of AWS's that Clary does not have yet."""
    return validation(f"{feature} is not supported by Clary yet. Remove it from the request.")


def could_not_find(noun: str, arn: str) -> AwsError:
    """Return the error for a missing model, endpoint or endpoint configuration."""
    return validation(f'Could not find {noun} "{arn}".')


def already_exists(noun: str, arn: str) -> AwsError:
    """Return the error for a model, endpoint or endpoint configuration whose name is taken."""
    return validation(f'Cannot create already existing {noun} "{arn}".')


def endpoint_in_progress(arn: str) -> AwsError:
    """Return the error for changing or deleting an endpoint that is being created or updated."""
    return validation(f'Cannot update in-progress endpoint "{arn}".')


def training_job_not_found() -> AwsError:
    """Return the error for a missing training job."""
    return validation("Requested resource not found.")


def training_job_exists(arn: str) -> AwsError:
    """Return the error for a training job whose name is taken."""
    text = (
        "Training job names must be unique within an AWS account and region, "
        f"and a training job with this name already exists ({arn})"
    )
    return AwsError("ResourceInUse", text)


def training_job_ended(status: str) -> AwsError:
    """Return the error for stopping or changing a job that has ended."""
    return validation(f"The request was rejected because the training job is in status {status}.")


def training_job_running(arn: str, status: str) -> AwsError:
    """Return the error for deleting a job that has not ended."""
    text = (
        f"The training job {arn} is in status {status}. You can delete only training jobs that are in a terminal state "
        "(Stopped, Failed, or Completed). Stop the job first."
    )
    return AwsError("ResourceInUse", text)


def cannot_assume_role(role_arn: str) -> AwsError:
    """Return the error for an execution role that is not there or does not trust SageMaker."""
    return validation(
        f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
        "'sagemaker.amazonaws.com' to assume the role."
    )


def model_data_not_found(uri: str) -> AwsError:
    """Return the error for a model whose artefact is not in S3."""
    return validation(f"Could not find model data at {uri}.")


def invalid_image(uri: str) -> AwsError:
    """Return the error for an image that is no ECR path."""
    return validation(
        "Invalid training image. Please provide a valid Amazon Elastic Container Registry path of the Docker image to "
        f"run. Given: {uri}"
    )


def image_not_found(repository: str, registry: str, supported: str) -> AwsError:
    """Return the error for an image that Clary has nothing to run for; `supported` lists what it has."""
    return validation(
        f"Cannot find repository: {repository} in registry ID: {registry} Please check if your ECR repository exists. "
        f"Clary runs these repositories: {supported}."
    )


def invalid_token() -> AwsError:
    """Return the error for a NextToken of another listing."""
    return validation("Invalid NextToken: it was not given by this operation with these filters and this order.")


class JobFailure(Exception):  # noqa: N818  - the job fails, not the server
    """A job or endpoint that cannot go on; `reason` is its FailureReason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason[:1024]
