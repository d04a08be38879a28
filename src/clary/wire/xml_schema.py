"""How S3 checks its input: what breaks the schema of a body has one error for everything, and no text of its own."""

from collections.abc import Callable
from typing import Any

from clary.wire.errors import AwsError
from clary.wire.model import Shape
from clary.wire.validate import Validator

MALFORMED = "The XML you provided was not well-formed or did not validate against our published schema"


class SchemaValidator(Validator):
    """Compiles the inputs of one service into checks: of what stands around the body, and of the body."""

    def compile(self, shape: Shape | None) -> Callable[[dict[str, Any]], None]:
        """Return what checks an input; it raises AwsError."""
        if shape is None or shape.payload is None or shape.members[shape.payload].type == "blob":
            return super().compile(shape)
        name = shape.payload
        check_around = self.checker(self.members(shape, [other for other in shape.members if other != name]))
        check_body = self.members(shape, [name])

        def validate(params: dict[str, Any]) -> None:
            check_around(params)
            if check_body is not None and check_body(params):
                raise AwsError("MalformedXML", MALFORMED)

        return validate
