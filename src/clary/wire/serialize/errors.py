"""What every protocol asks of an error: its shape in the model, its codes, its status and its members."""

from typing import Any

from clary.wire.errors import AwsError
from clary.wire.model import ServiceModel, Shape, error_trait
from clary.wire.quirks import Quirks
from clary.wire.serialize.values import ValueWriter


def shape_of(service: ServiceModel, error: AwsError) -> Shape | None:
    """Return the error's shape, None for an error that the model does not name."""
    return service.errors.get(error.code)


def status_of(shape: Shape | None, error: AwsError) -> int:
    """Return the HTTP status: the model's, else the error's own."""
    status: int = error_trait(shape).get("httpStatusCode", error.status) if shape else error.status
    return status


def query_code(shape: Shape | None, error: AwsError, quirks: Quirks) -> str:
    """Return the code that the query protocol has for the error."""
    if shape is None:
        return error.code
    code: str = error_trait(shape).get("code") or quirks.query_codes.get(shape.name, shape.name)
    return code


def query_error(shape: Shape | None, error: AwsError, quirks: Quirks) -> tuple[str, str]:
    """Return the header that tells clients of a service that once spoke the query protocol the code it had there."""
    return "x-amzn-query-error", f"{query_code(shape, error, quirks)};{fault(error)}"


def fault(error: AwsError) -> str:
    """Return who is to blame, in the query protocol's words."""
    return "Sender" if error.sender_fault else "Receiver"


def members_of(shape: Shape | None, error: AwsError) -> dict[str, Any]:
    """Return the error's members, its message among them under the name that the model gives it."""
    names = shape.members if shape else {}
    message = next((name for name in names if name.lower() == "message"), "message")
    return {message: error.message, **error.fields}


def split(shape: Shape | None, members: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the members that the model names, and those that it does not."""
    names = shape.members if shape else {}
    known = {name: value for name, value in members.items() if name in names and value is not None}
    return known, {name: value for name, value in members.items() if name not in names and value is not None}


def error_body(shape: Shape | None, error: AwsError, writer: ValueWriter) -> dict[str, Any]:
    """Return an error's members as its body has them, those that the model does not name as they are."""
    known, others = split(shape, members_of(shape, error))
    if shape is None:
        return others
    body = {name: member for name, member in shape.members.items() if member.location is None and name in known}
    return writer.structure(shape, body)({name: known[name] for name in body}) | others
