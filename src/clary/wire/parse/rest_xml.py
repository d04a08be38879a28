"""The rest-xml protocol: what has no place in the headers or the path is XML."""

from collections.abc import Callable
from typing import Any

from clary.wire.errors import AwsError, Malformed
from clary.wire.model import Shape
from clary.wire.parse.rest import ReadBody, RestParser
from clary.wire.parse.xml import compile_body
from clary.wire.xml_schema import MALFORMED


class RestXmlParser(RestParser):
    """Parses rest-xml."""

    malformed_code = "InvalidArgument"

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
