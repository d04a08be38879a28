"""What a request asks of the engine, checked.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_SelectObjectContent.html
"""

from collections.abc import Mapping
from typing import Any

from clary.wire.errors import AwsError

_FORMATS = ("CSV", "JSON", "Parquet")
_MAX_EXPRESSION = 256 * 1024


def read_order(req: Mapping[str, Any]) -> dict[str, Any]:
    """Return the engine's order.

    Raises:
        AwsError: the request asks for what S3 Select does not do.
    """
    if len(req["Expression"].encode()) > _MAX_EXPRESSION:
        message = "The SQL expression is too long: the maximum byte-length for the SQL expression is 256 KB."
        raise AwsError("ExpressionTooLong", message)
    return {
        "Expression": req["Expression"],
        "Input": _input(req["InputSerialization"]),
        "Output": _output(req["OutputSerialization"]),
        "Progress": req.get("RequestProgress", {}).get("Enabled", False),
    }


def read_scan(req: Mapping[str, Any], order: Mapping[str, Any], size: int) -> dict[str, int] | None:
    """Return the first and the last byte at which a record to be scanned may begin, and the byte to read from.

    Raises:
        AwsError: the range has no byte of the object, or the object cannot be scanned in ranges.
    """
    scan = req.get("ScanRange")
    if scan is None:
        return None
    source = order["Input"]
    quoted = source.get("CSV", {}).get("AllowQuotedRecordDelimiter", False)
    document = source.get("JSON", {}).get("Type") == "DOCUMENT"
    if source["CompressionType"] != "NONE" or quoted or document or "Parquet" in source:
        # Differs from AWS: Parquet is not scanned in ranges either.
        message = "Encountered a scan range in a request for an object that cannot be scanned in ranges."
        raise AwsError("UnsupportedScanRangeInput", message)
    start, end = scan.get("Start"), scan.get("End")
    if start is None and end is not None:
        start, end = max(0, size - end), size - 1
    start, end = start or 0, size - 1 if end is None else min(end, size - 1)
    if start < 0 or start > end:
        raise AwsError("InvalidScanRange", "The value of a parameter in ScanRange element is invalid.")
    delimiter = source.get("CSV", {}).get("RecordDelimiter", "\n")
    return {"Start": start, "End": end, "At": max(0, start - len(delimiter.encode()))}


def _input(given: Mapping[str, Any]) -> dict[str, Any]:
    name = _one_of(_FORMATS, given)
    options = dict(given[name])
    compression = given.get("CompressionType", "NONE")
    if name == "Parquet" and compression != "NONE":
        message = "CompressionType must be NONE for Parquet: its columns are compressed on their own."
        raise AwsError("InvalidRequestParameter", message)
    if name == "JSON" and "Type" not in options:
        message = "The JsonType is invalid. Only DOCUMENT and LINES are supported."
        raise AwsError("InvalidJsonType", message)
    if name == "CSV":
        _characters(options, "RecordDelimiter", 1, 2)
        _characters(options, "FieldDelimiter", 1, 1)
        _characters(options, "QuoteCharacter", 0, 1, ascii_only=True)
        _characters(options, "QuoteEscapeCharacter", 0, 1, ascii_only=True)
        _characters(options, "Comments", 0, 1, ascii_only=True)
    return {name: options, "CompressionType": compression}


def _output(given: Mapping[str, Any]) -> dict[str, Any]:
    name = _one_of(_FORMATS[:2], given)
    options = dict(given[name])
    _characters(options, "RecordDelimiter", 0, 2)
    if name == "CSV":
        _characters(options, "FieldDelimiter", 1, 1)
        _characters(options, "QuoteCharacter", 1, 1)
        _characters(options, "QuoteEscapeCharacter", 1, 1)
    return {name: options}


def _one_of(names: tuple[str, ...], given: Mapping[str, Any]) -> str:
    """Return the one format that is given."""
    found = [name for name in names if name in given]
    if not found:
        raise AwsError("InvalidDataSource", f"Invalid data source type. Only {', '.join(names)} are supported.")
    if len(found) > 1:
        message = "Object serialization conflicts: the request names more than one format."
        raise AwsError("ObjectSerializationConflict", message)
    return found[0]


def _characters(options: dict[str, Any], name: str, least: int, most: int, *, ascii_only: bool = False) -> None:
    """Check the length of a delimiter; one that is empty where it has to be something counts as not given."""
    text = options.get(name)
    if text == "" and least:
        del options[name]
        return
    if text is not None and (len(text) > most or "\0" in text or (ascii_only and not text.isascii())):
        message = f"The value of a parameter in the request is invalid: {name} takes {most} character(s) at most."
        raise AwsError("InvalidRequestParameter", message)
