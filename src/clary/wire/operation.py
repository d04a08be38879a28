"""What an operation can do on the wire: the contract between the protocols and whoever serves requests."""

from abc import ABC, abstractmethod
from typing import Any

from clary.wire.errors import AwsError
from clary.wire.types import HttpRequest, HttpResponse


class Operation(ABC):
    """One operation of one service, compiled once from botocore's model.

    `service` is botocore's directory name (`sagemaker-runtime`), `name` AWS's (`InvokeEndpoint`), `method` the name of
    the Python method that serves it (`invoke_endpoint`, by `botocore.xform_name`).
    """

    service: str
    name: str
    method: str
    #: botocore's name of the protocol that this operation was compiled for (`rest-json`).
    protocol: str
    #: Name of the input member that carries a blob payload as a stream (`Body` of PutObject), else None.
    #: `parse` then puts the request's `RequestBody` itself there, unread.
    streaming_input: str | None
    #: Name of the output member that is a blob payload (bytes or an async iterator of bytes) or an event stream
    #: (an async iterator of `{event name: members}`), else None.
    streaming_output: str | None

    @abstractmethod
    async def parse(self, request: HttpRequest, path: str | None = None) -> dict[str, Any]:
        """Turn a request into the operation's input, in AWS's spelling, as boto3 would have been given it.

        Timestamps become floats (seconds since the epoch), blobs `bytes`, absent members stay absent. `path` stands in
        for `request.path` where the caller moved a host name into it (virtual-host S3).

        Raises:
            AwsError: the bytes are not what the protocol says (SerializationException, MalformedXML, ...).
        """

    @abstractmethod
    def validate(self, params: dict[str, Any]) -> None:
        """Check the input against the model: required members, ranges, lengths, patterns, enumerations.

        Raises:
            AwsError: with the code and the text that AWS gives, every violation listed where AWS lists them.
        """

    @abstractmethod
    def serialize(self, result: dict[str, Any], request_id: str) -> HttpResponse:
        """Turn the operation's output, spelled as boto3 returns it, into a response.

        Timestamps may be floats or aware datetimes. `None` members are left out. Members that the model does not name
        raise KeyError: that is a fault of ours, not of the client.
        """

    @abstractmethod
    def serialize_error(self, error: AwsError, request_id: str) -> HttpResponse:
        """Turn an error into the form that the service's protocol gives it."""
