"""How scores are written in an answer, as aws/sagemaker-xgboost-container writes them.

CSV has all scores on one line, and a line each in batch transform. Differs from AWS: JSON lines and
RecordIO-protobuf, which its container offers with selected outputs alone, are there for plain scores too.
"""

import io
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from clary.ml.batches import Floats
from clary.ml.formats.protobuf import write_delimited
from clary.ml.formats.recordio import frame, write_scores
from clary.ml.formats.records import LABEL, encode
from clary.ml.gradient_boosting.selection import Selected

CSV, JSON, JSON_LINES = "text/csv", "application/json", "application/jsonlines"
RECORDIO = "application/x-recordio-protobuf"

Row = Mapping[str, Selected]


def csv_line(values: Sequence[object], a_line_each: bool) -> bytes:
    """Return scores as CSV; those of one row are a list if there is more than one."""
    text = "\n".join(map(str, values)) + "\n" if a_line_each else ",".join(map(str, values))
    return text.encode()


def json_document(rows: Sequence[Any]) -> bytes:
    """Return {"predictions": [{"score": 0.5}, …]}."""
    return orjson.dumps({"predictions": rows})


def json_lines(rows: Sequence[Any]) -> bytes:
    """Return {"score": 0.5}, a line each."""
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def write_plain(scores: Floats, media: str, a_line_each: bool) -> bytes:
    """Return the scores, [rows] or [rows, classes], in one of the four media types."""
    if media == RECORDIO:
        stream = io.BytesIO()
        write_scores(stream, scores)
        return stream.getvalue()
    values = scores.tolist()
    if media == CSV:
        return csv_line(values, a_line_each)
    return DOCUMENTS[media]([{"score": value} for value in values])


def write_selected(rows: Sequence[Row], media: str) -> bytes:
    """Return selected outputs in one of the four media types. A list within CSV is quoted."""
    if media == CSV:
        return "\n".join(",".join(_cell(value) for value in row.values()) for row in rows).encode()
    if media == RECORDIO:
        return b"".join(frame(b"".join(_entry(key, value) for key, value in row.items())) for row in rows)
    return DOCUMENTS[media]([{key: _without_nan(value) for key, value in row.items()} for row in rows])


def _cell(value: Selected) -> str:
    return f'"{value}"' if isinstance(value, list) else str(value)


def _entry(key: str, value: Selected) -> bytes:
    numbers = np.array(value if isinstance(value, list) else [value], np.float32)
    return write_delimited(LABEL, encode(numbers, None, 1, key))


def _without_nan(value: Selected) -> Selected | None:
    return None if isinstance(value, float) and math.isnan(value) else value


DOCUMENTS: Mapping[str, Callable[[Sequence[Any]], bytes]] = {JSON: json_document, JSON_LINES: json_lines}
MEDIA = (CSV, JSON, JSON_LINES, RECORDIO)
