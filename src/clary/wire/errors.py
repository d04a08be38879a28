"""The one error that crosses the wire."""

from typing import Any


class AwsError(Exception):
    """An error in AWS's words: services raise it, the protocol of the request decides how it looks.

    `code` is AWS's code (`ValidationException`, `NoSuchBucket`), `status` the HTTP status, used unless the service's
    model gives the error shape a status of its own. `fields` are further members of the error (`BucketName`,
    `ResourceType`). `headers` go out with the response.
    """

    def __init__(
        self,
        code: str,
        message: str,
        /,
        status: int = 400,
        *,
        headers: list[tuple[str, str]] | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.headers = headers or []
        self.fields = fields

    @property
    def sender_fault(self) -> bool:
        """Whether the client is to blame (`Sender` in the query protocol) or the server (`Receiver`)."""
        return self.status < 500


class Malformed(Exception):  # noqa: N818 - it names what the bytes are, and never leaves the wire
    """Bytes that are not what the model says. Each protocol's parser turns it into its own `AwsError`."""
