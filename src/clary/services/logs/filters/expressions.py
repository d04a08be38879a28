"""Regular expressions of filter patterns, matched in time that grows with the message and with nothing else.

RE2 matches them, since Python's `re` tries one way after another: `%a*a*a*b%` on one long line would stop the server.

Source: "Supported regular expressions (regex) syntax" in the CloudWatch Logs user guide.
"""

import re

import re2

from clary.services.logs.filters.pattern import invalid_pattern

_ALLOWED = re.compile(r"[\w:#=@/;,\- ^$?\[\]{}|\\*+.]*", re.ASCII)
_ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|[dDsSwW]|[^\w\s])", re.ASCII)


class Expression:
    """What stands between two percent signs.

    Raises:
        AwsError: InvalidParameterException when it has what AWS does not support.
    """

    def __init__(self, text: str) -> None:
        if not _ALLOWED.fullmatch(text) or "\\" in _ESCAPE.sub("", text):
            raise invalid_pattern(f"the regular expression %{text}% has characters that are not supported")
        options = re2.Options()
        options.log_errors = False
        try:
            self._pattern = re2.compile(text, options=options)
        except re2.error as error:
            raise invalid_pattern(f"%{text}%: {error}") from None

    def found_in(self, message: str) -> bool:
        """Say whether some part of a message fits."""
        return self._pattern.search(message) is not None
