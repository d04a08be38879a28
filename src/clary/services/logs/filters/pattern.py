"""What all kinds of filter patterns share."""

from typing import Protocol

from clary.services.logs.errors import invalid_parameter
from clary.wire.errors import AwsError


class Filter(Protocol):
    """A pattern, ready to be asked."""

    def matches(self, message: str) -> bool:
        """Say whether a message fits."""
        ...

    def extract(self, message: str) -> dict[str, str]:
        """Return what the pattern names in a message that fits: columns by `$name`, fields by their selectors."""
        ...


def invalid_pattern(why: str) -> AwsError:
    """Return the error of a pattern that breaks the grammar."""
    return invalid_parameter(f"Invalid filter pattern: {why}")
