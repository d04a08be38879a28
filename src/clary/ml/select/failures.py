"""What DuckDB's exceptions mean, in S3's words."""

import duckdb

from clary.ml.select.errors import SelectError

#: Parts of DuckDB's messages and what they tell, the first that is found.
_TOLD = (
    ("Malformed JSON", "JSONParsingError"),
    ("maximum_object_size", "OverMaxRecordSize"),
    ("Maximum line size", "OverMaxRecordSize"),
    ("Invalid unicode", "InvalidTextEncoding"),
    ("CSV Error", "CSVParsingError"),
    ("magic bytes", "ParquetParsingError"),
    ("arquet", "ParquetParsingError"),
)


def failure_of(error: Exception) -> SelectError:
    """Return the error to report: `InternalError` for what nobody has foreseen."""
    if isinstance(error, SelectError):
        return error
    if isinstance(error, RecursionError):
        return SelectError("UnsupportedSqlStructure", "too many operators in one another")
    message = str(error)
    culprit = message.partition("\n")[0].partition(": ")[2][:200]
    if isinstance(error, duckdb.ConversionException):
        return SelectError("ValueParseFailure" if "timestamp" in culprit else "CastFailed", culprit)
    if isinstance(error, duckdb.OutOfRangeException):
        return SelectError("IntegerOverflow")
    if isinstance(error, duckdb.BinderException):
        return SelectError("InvalidDataType", culprit)
    if isinstance(error, duckdb.ParserException):  # only its limit of operators in one another
        return SelectError("UnsupportedSqlStructure", "too many operators in one another")
    if "quoted new lines" in message:
        return SelectError("CSVParsingError", "a record delimiter in quotes: AllowQuotedRecordDelimiter is not set")
    code = next((code for part, code in _TOLD if part in message), "InternalError")
    return SelectError(code, _place(culprit) if code in {"CSVParsingError", "JSONParsingError"} else "")


def _place(culprit: str) -> str:
    """Return where it is, without the name of our pipe."""
    return culprit.partition("CSV Error on ")[2] or culprit.rpartition('", ')[2]
