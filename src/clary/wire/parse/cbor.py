"""The rpc-v2-cbor protocol: the whole input is one CBOR map."""

from typing import Any, Never

import cbor2

from clary.wire.errors import Malformed
from clary.wire.model import OperationModel, ServiceModel
from clary.wire.parse.nesting import MAX_DEPTH
from clary.wire.parse.parser import Parse, Parser
from clary.wire.parse.values import SCALARS, Convert, ValueReader, number, time, unfit
from clary.wire.types import HttpRequest


def data(value: Any) -> bytes:
    """Take bytes."""
    if type(value) is not bytes:
        raise unfit(value, "a Blob")
    return value


def real(value: Any) -> float:
    """Take a number with a fraction; CBOR has NaN and the infinities itself."""
    if type(value) is str:
        raise unfit(value, "a Double")
    return number(value)


CBOR_SCALARS: dict[str, Convert] = {**SCALARS, "blob": data, "float": real, "double": real}


def as_number(value: Any, is_immutable: bool) -> float:
    """Take the content of a time's tag."""
    return time(value)


def refuse(value: Any, is_immutable: bool = False) -> Never:
    """Refuse a tag: the protocol has none but the time's, and some make cycles, or values of any size."""
    raise Malformed("The request body has a CBOR tag that is not allowed")


#: The tags that the decoder would act upon itself.
TAGS = (0, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799)
DECODERS = {1: as_number, **dict.fromkeys(TAGS, refuse)}


def decode(body: bytes) -> Any:
    """Return what CBOR says, an empty map for no bytes at all."""
    try:
        return (
            cbor2.loads(
                body,
                tag_hook=refuse,
                semantic_decoders=DECODERS,
                max_depth=MAX_DEPTH,
                strict_hashable_types=True,
            )
            if body
            else {}
        )
    except (cbor2.CBORDecodeError, ValueError) as error:
        raise Malformed(f"The request body is not valid CBOR: {error}") from error


class CborParser(Parser):
    """Parses rpc-v2-cbor."""

    def __init__(self, service: ServiceModel) -> None:
        super().__init__(service)
        self._reader = ValueReader(CBOR_SCALARS)

    def compile(self, operation: OperationModel) -> Parse:
        """Return what parses the requests of an operation."""
        if operation.input is None:
            return lambda request, path, body: {}
        read = self._reader.of(operation.input)

        def parse(request: HttpRequest, path: str, body: bytes) -> dict[str, Any]:
            params: dict[str, Any] = read(decode(body))
            return params

        return parse
