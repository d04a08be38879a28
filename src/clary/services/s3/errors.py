"""Every error that S3 raises, in its own words (API reference, "Error responses").

The further fields (`BucketName`, `ArgumentName`) are elements beside `Code` and `Message`, as S3 answers them.
"""

from typing import Any

from clary.wire.errors import AwsError


def access_denied() -> AwsError:
    """Return the error for what the caller may not do, and for the wrong expected owner."""
    return AwsError("AccessDenied", "Access Denied", 403)


def argument(message: str, name: str, value: str | int) -> AwsError:
    """Return the error for a parameter whose value S3 does not take."""
    return AwsError("InvalidArgument", message, ArgumentName=name, ArgumentValue=str(value))


def bad_digest(algorithm: str) -> AwsError:
    """Return the error for a checksum that is not the one of the bytes that came."""
    return AwsError("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.")


def bad_md5(expected: str, calculated: str) -> AwsError:
    """Return the error for a Content-MD5 that is not the one of the bytes that came; both digests in base64."""
    message = "The Content-MD5 you specified did not match what we received."
    return AwsError("BadDigest", message, ExpectedDigest=expected, CalculatedDigest=calculated)


def bucket_exists(name: str) -> AwsError:
    """Return the error for a bucket name that another account has."""
    message = (
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
        "Please select a different name and try again."
    )
    return AwsError("BucketAlreadyExists", message, 409, BucketName=name)


def bucket_not_empty(name: str) -> AwsError:
    """Return the error for deleting a bucket that still holds objects or versions."""
    return AwsError("BucketNotEmpty", "The bucket you tried to delete is not empty", 409, BucketName=name)


def bucket_owned(name: str) -> AwsError:
    """Return the error for creating, outside us-east-1, a bucket that the caller has already."""
    message = "Your previous request to create the named bucket succeeded and you already own it."
    return AwsError("BucketAlreadyOwnedByYou", message, 409, BucketName=name)


def entity_too_large(size: int, limit: int) -> AwsError:
    """Return the error for an object or part over the size that one request may carry."""
    message = "Your proposed upload exceeds the maximum allowed size"
    return AwsError("EntityTooLarge", message, ProposedSize=size, MaxSizeAllowed=limit)


def entity_too_small(size: int, minimum: int, number: int, etag: str) -> AwsError:
    """Return the error for a part, not the last, that is under the minimum."""
    message = "Your proposed upload is smaller than the minimum allowed size"
    fields: dict[str, Any] = {"ProposedSize": size, "MinSizeAllowed": minimum, "PartNumber": number, "ETag": etag}
    return AwsError("EntityTooSmall", message, **fields)


def illegal_location(constraint: str) -> AwsError:
    """Return the error for a LocationConstraint that is not the region that the request was sent to."""
    message = (
        f"The {constraint} location constraint is incompatible for the region specific endpoint "
        "this request was sent to."
    )
    return AwsError("IllegalLocationConstraintException", message)


def incomplete_body() -> AwsError:
    """Return the error for a body that is not as long as its headers say."""
    message = "You did not provide the number of bytes specified by the Content-Length HTTP header"
    return AwsError("IncompleteBody", message)


def invalid_bucket_name(name: str) -> AwsError:
    """Return the error for a name that no bucket can have."""
    return AwsError("InvalidBucketName", "The specified bucket is not valid.", BucketName=name)


def invalid_digest(value: str) -> AwsError:
    """Return the error for a Content-MD5 that is not the base64 of 16 bytes."""
    fields: dict[str, Any] = {"Content-MD5": value}
    return AwsError("InvalidDigest", "The Content-MD5 you specified was invalid.", **fields)


def invalid_location(constraint: str) -> AwsError:
    """Return the error for a LocationConstraint that names no region."""
    message = "The specified location-constraint is not valid"
    return AwsError("InvalidLocationConstraint", message, LocationConstraint=constraint)


def invalid_part(upload_id: str, number: int, etag: str) -> AwsError:
    """Return the error for completing an upload with a part that is not there, or is another one."""
    message = (
        "One or more of the specified parts could not be found.  The part may not have been uploaded, "
        "or the specified entity tag may not match the part's entity tag."
    )
    return AwsError("InvalidPart", message, UploadId=upload_id, PartNumber=number, ETag=etag)


def invalid_part_order(upload_id: str) -> AwsError:
    """Return the error for completing an upload with parts that do not ascend."""
    message = "The list of parts was not in ascending order. Parts must be ordered by part number."
    return AwsError("InvalidPartOrder", message, UploadId=upload_id)


def invalid_range(header: str, size: int) -> AwsError:
    """Return the error for a range that begins past the end of an object of `size` bytes."""
    headers = [("Content-Range", f"bytes */{size}")]
    message = "The requested range is not satisfiable"
    return AwsError("InvalidRange", message, 416, headers=headers, RangeRequested=header, ActualObjectSize=size)


def invalid_part_number(number: int, count: int) -> AwsError:
    """Return the error for asking for a part that the object does not have."""
    message = "The requested partnumber is not satisfiable"
    return AwsError("InvalidPartNumber", message, 416, PartNumberRequested=number, ActualPartCount=count)


def invalid_redirect() -> AwsError:
    """Return the error for a redirect to what is neither a path nor a URL."""
    text = 'The website redirect location must have a prefix of "http://" or "https://" or "/".'
    return AwsError("InvalidRedirectLocation", text)


def invalid_request(message: str) -> AwsError:
    """Return the error for parameters that do not go together."""
    return AwsError("InvalidRequest", message)


def invalid_tag(message: str) -> AwsError:
    """Return the error for a tag that is malformed, too long or given twice."""
    return AwsError("InvalidTag", message)


def invalid_uri() -> AwsError:
    """Return the error for a key that is not UTF-8."""
    return AwsError("InvalidURI", "Couldn't parse the specified URI.")


def key_too_long(size: int) -> AwsError:
    """Return the error for a key over 1,024 bytes."""
    return AwsError("KeyTooLongError", "Your key is too long", Size=size, MaxSizeAllowed=1024)


def malformed_versioning() -> AwsError:
    """Return the error for a versioning configuration that says nothing."""
    message = "The Versioning element must be specified"
    return AwsError("IllegalVersioningConfigurationException", message)


def malformed_xml() -> AwsError:
    """Return the error for a document that is not what the operation takes."""
    message = "The XML you provided was not well-formed or did not validate against our published schema"
    return AwsError("MalformedXML", message)


def metadata_too_large(size: int, limit: int) -> AwsError:
    """Return the error for user metadata over the limit, in bytes."""
    message = "Your metadata headers exceed the maximum allowed metadata size"
    return AwsError("MetadataTooLarge", message, Size=size, MaxSizeAllowed=limit)


def method_not_allowed(method: str, headers: list[tuple[str, str]]) -> AwsError:
    """Return the error for reading a delete marker by its version id."""
    message = "The specified method is not allowed against this resource."
    headers = [*headers, ("Allow", "DELETE")]
    return AwsError("MethodNotAllowed", message, 405, headers=headers, Method=method, ResourceType="DeleteMarker")


def missing_part_checksum(algorithm: str, number: int) -> AwsError:
    """Return the error for completing an upload with a composite checksum, without the checksum of a part."""
    message = (
        f"The upload was created using a {algorithm.lower()} checksum. The complete request must include the checksum "
        f"for each part. It was missing for part {number} in the request."
    )
    return invalid_request(message)


def missing_length() -> AwsError:
    """Return the error for a body that nothing announces."""
    return AwsError("MissingContentLength", "You must provide the Content-Length HTTP header.", 411)


def no_such_bucket(name: str) -> AwsError:
    """Return the error for a bucket that does not exist."""
    return AwsError("NoSuchBucket", "The specified bucket does not exist", 404, BucketName=name)


def no_such_key(key: str, headers: list[tuple[str, str]] | None = None) -> AwsError:
    """Return the error for a key that has no current object."""
    return AwsError("NoSuchKey", "The specified key does not exist.", 404, headers=headers, Key=key)


def no_such_upload(upload_id: str) -> AwsError:
    """Return the error for a multipart upload that is not there (any more)."""
    message = (
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
        "completed."
    )
    return AwsError("NoSuchUpload", message, 404, UploadId=upload_id)


def no_such_version(key: str, version: str) -> AwsError:
    """Return the error for a version id that the key does not have."""
    return AwsError("NoSuchVersion", "The specified version does not exist.", 404, Key=key, VersionId=version)


def not_implemented(header: str) -> AwsError:
    """Return the error for a header whose value asks for what S3 itself does not do."""
    message = "A header you provided implies functionality that is not implemented"
    return AwsError("NotImplemented", message, 501, Header=header)


def not_modified(headers: list[tuple[str, str]]) -> AwsError:
    """Return the answer to a conditional read whose object the client has already."""
    return AwsError("NotModified", "Not Modified", 304, headers=headers)


def precondition_failed(condition: str) -> AwsError:
    """Return the error for a condition that does not hold; `condition` is the header's name."""
    message = "At least one of the pre-conditions you specified did not hold"
    return AwsError("PreconditionFailed", message, 412, Condition=condition)


def storage_full() -> AwsError:
    """Return the error for a disk that is full.

    Differs from AWS: S3 has no such error.
    """
    return AwsError("InsufficientStorage", "The disk that holds the objects is full. Nothing was stored.", 507)
