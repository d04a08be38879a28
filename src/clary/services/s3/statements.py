"""Spells out the column lists in S3's SQL, so that a statement and the record it gives cannot part."""

from clary.services.s3.models import Bucket, Part, Upload, Version

_COLUMNS = Version._fields[:-1]
_WORDS = {
    "{bucket}": ", ".join(Bucket._fields),
    "{b.bucket}": ", ".join(f"b.{name}" for name in Bucket._fields[:-1]),
    "{version}": ", ".join(_COLUMNS),
    "{o.version}": ", ".join(f"o.{name}" for name in _COLUMNS),
    "{o.unkeyed}": ", ".join(f"o.{name}" for name in _COLUMNS[1:]),
    "{version marks}": ", ".join("?" * len(_COLUMNS)),
    "{version excluded}": ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:]),
    "{part}": ", ".join(Part._fields),
    "{part marks}": ", ".join("?" * len(Part._fields)),
    "{part excluded}": ", ".join(f"{name} = excluded.{name}" for name in Part._fields[1:]),
    "{upload}": ", ".join(Upload._fields),
    "{upload marks}": ", ".join("?" * len(Upload._fields)),
}


def spell(statement: str) -> str:
    """Replace the words in braces: a record's columns, its placeholders, its columns in an upsert."""
    for word, spelling in _WORDS.items():
        statement = statement.replace(word, spelling)
    return statement
