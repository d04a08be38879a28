"""The json protocols, 1.0 and 1.1: the whole input is one JSON object."""

from typing import Any

import orjson

from clary.wire.errors import Malformed
from clary.wire.model import OperationModel, ServiceModel
from clary.wire.parse.nesting import check_depth, unbounded
from clary.wire.parse.parser import Parse, Parser
from clary.wire.parse.values import ValueReader
from clary.wire.types import HttpRequest


def decode(body: bytes) -> Any:
    """Return what JSON text says, an empty object for no text at all."""
    try:
        return orjson.loads(body) if body else {}
    except orjson.JSONDecodeError as error:
        raise Malformed(f"The request body is not valid JSON: {error}") from error


class JsonParser(Parser):
    """Parses the json protocols."""

    def __init__(self, service: ServiceModel) -> None:
        super().__init__(service)
        self._reader = ValueReader()

    def compile(self, operation: OperationModel) -> Parse:
        """Return what parses the requests of an operation."""
        if operation.input is None:
            return lambda request, path, body: {}
        read = self._reader.of(operation.input)
        is_deep = unbounded(operation.input)

        def parse(request: HttpRequest, path: str, body: bytes) -> dict[str, Any]:
            value = decode(body)
            if is_deep:
                check_depth(value)
            params: dict[str, Any] = read(value)
            return params

        return parse
