"""Filter patterns: what FilterLogEvents, live tail and TestMetricFilter match messages with.

Source: "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail" in the
CloudWatch Logs user guide. A pattern in braces asks JSON messages (`fields.py`), one in brackets messages of columns
(`columns.py`), any other is a list of terms (`terms.py`). Matching is case-sensitive.
"""

from clary.services.logs.filters.columns import ColumnFilter
from clary.services.logs.filters.fields import FieldFilter
from clary.services.logs.filters.pattern import Filter
from clary.services.logs.filters.terms import TermFilter

__all__ = ["Filter", "compile_filter"]


def compile_filter(pattern: str) -> Filter:
    """Return the filter that a pattern describes. An empty one matches everything.

    Raises:
        AwsError: InvalidParameterException when the pattern breaks the grammar.
    """
    text = pattern.strip()
    if text.startswith("{"):
        return FieldFilter(text)
    if text.startswith("["):
        return ColumnFilter(text)
    return TermFilter(text)
