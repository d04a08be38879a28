"""The rest-xml protocol: what has no place in the headers or the path is XML."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from clary.wire.errors import AwsError, Malformed
from clary.wire.model import Shape
from clary.wire.parse.rest import ReadBody, RestParser
from clary.wire.parse.xml import compile_body
from clary.wire.types import HttpRequest
from clary.wire.xml_schema import MALFORMED


class RestXmlParser(RestParser):
    """Parses rest-xml."""

    malformed_code = "InvalidArgument"

    def undecodable(self) -> AwsError:
        """Return S3's error for them."""
        return AwsError("InvalidURI", "Couldn't parse the specified URI.")

    def headers_of(self, request: HttpRequest) -> Mapping[str, str]:
        """Return the headers; SDKs that presign a URL move those of S3 into its query string."""
        if "X-Amz-Signature=" not in request.query:
            return request.headers
        moved = parse_qsl(request.query, keep_blank_values=True, errors="strict")
        return {name.lower(): value for name, value in moved if name.lower().startswith("x-amz-")} | {**request.headers}

    def _members_reader(self, shape: Shape) -> ReadBody:
        return guarded(compile_body(shape, shape.wire_name(shape.name)))

    def _payload_reader(self, name: str, shape: Shape) -> Callable[[bytes], Any]:
        return guarded(compile_body(shape, shape.wire_name(name)))


def guarded(read: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Return `read` with S3's error for what is wrong in the body, unlike what is wrong in a header."""

    def read_body(body: bytes) -> Any:
        try:
            return read(body)
        except Malformed as error:
            raise AwsError("MalformedXML", MALFORMED) from error

    return read_body
