"""How a record goes out, as SQL: DuckDB writes each as one text, so that Python only joins them."""

from collections.abc import Mapping, Sequence
from typing import Any

from clary.ml.select.table import Table
from clary.ml.select.value import Value, as_json, as_text, quote

Fields = Sequence[tuple[str, Value]]


def record(fields: Fields, table: Table, order: Mapping[str, Any]) -> str:
    """Return SQL of a record's text, its delimiter included.

    `order` is OutputSerialization. Without fields it is the whole row.
    """
    if "JSON" in order:
        return _json(fields, table, order["JSON"].get("RecordDelimiter", "\n"))
    return _csv(fields, table, order["CSV"])


def _json(fields: Fields, table: Table, delimiter: str) -> str:
    """What the row lacks is left out, as opposed to what is NULL there."""
    if not fields and table.row is not None:
        row = f"CAST(json({table.row.sql}) AS VARCHAR)"
        row = f"CASE WHEN json_type({table.row.sql}) = 'OBJECT' THEN {row} ELSE '{{\"_1\":' || {row} || '}}' END"
        return f"concat(coalesce({row}, '{{}}'), {quote(delimiter)})"
    members = []
    for name, value in fields:
        text = as_json(value) if value.optional else f"coalesce({as_json(value)}, 'null')"
        members.append(f"CAST(to_json({quote(name)}) AS VARCHAR) || ':' || {text}")
    return f"concat('{{', concat_ws(',', {', '.join(members)}), '}}', {quote(delimiter)})"


def _csv(fields: Fields, table: Table, order: Mapping[str, str]) -> str:
    between, after = order.get("FieldDelimiter", ","), order.get("RecordDelimiter", "\n")
    if not fields and table.row is not None:
        each = _field("json_extract_string(x, '$')", order)
        row = table.row.sql
        values = f"array_to_string(list_transform(json_extract({row}, '$.*'), lambda x: {each}), {quote(between)})"
        scalar = _field(as_text(table.row), order)
        return f"concat(CASE WHEN json_type({row}) = 'OBJECT' THEN {values} ELSE {scalar} END, {quote(after)})"
    parts = [_field(as_text(value), order) for _, value in fields]
    return f"concat({f', {quote(between)}, '.join(parts)}, {quote(after)})"


def _field(text: str, order: Mapping[str, str]) -> str:
    """Return SQL of one field of CSV, NULL as nothing; quoted always, or where it would be taken for something else."""
    mark = order.get("QuoteCharacter", '"')
    escape = order.get("QuoteEscapeCharacter", '"')
    escaped = text
    if escape != mark:
        escaped = f"replace({escaped}, {quote(escape)}, {quote(escape * 2)})"
    escaped = f"replace({escaped}, {quote(mark)}, {quote(escape + mark)})"
    quoted = f"({quote(mark)} || {escaped} || {quote(mark)})"
    if order.get("QuoteFields") == "ALWAYS":
        return f"coalesce({quoted}, {quote(mark * 2)})"
    special = dict.fromkeys((order.get("FieldDelimiter", ","), mark, *order.get("RecordDelimiter", "\n"), "\n", "\r"))
    tests = " OR ".join(f"contains({text}, {quote(each)})" for each in special)
    return f"coalesce(CASE WHEN {tests} THEN {quoted} ELSE {text} END, '')"
