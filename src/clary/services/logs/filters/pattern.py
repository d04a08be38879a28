"""What all kinds of filter patterns share."""

import re
from typing import Protocol

from clary.services.logs.errors import invalid_parameter
from clary.wire.errors import AwsError

_EXPRESSION = re.compile(r"[\w:#=@/;,\- ^$?\[\]{}|\\*+.]*", re.ASCII)


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


def expression(text: str) -> re.Pattern[str]:
    """Compile the inside of `%…%`, in which AWS allows no parentheses.

    Raises:
        AwsError: InvalidParameterException.
    """
    if not _EXPRESSION.fullmatch(text):
        raise invalid_pattern(f"the regular expression %{text}% has characters that are not supported")
    try:
        return re.compile(text)
    except re.error as error:
        raise invalid_pattern(f"%{text}%: {error}") from None
