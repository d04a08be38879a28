"""The choice of a metadata database by one setting."""

from pathlib import Path

from clary.state.database import Database
from clary.state.sqlite import SqliteDatabase


def open_database(address: str | Path) -> Database:
    """Return the database at `address`, to be opened by its `open`.

    `postgresql://…` (any URL that libpq takes) names a PostgreSQL database, which needs the extra `clary[postgres]`;
    `sqlite:///PATH` or a bare path names a file.

    Raises:
        ValueError: the address has another scheme, or the extra is missing.
    """
    scheme, separator, rest = str(address).partition("://")
    if isinstance(address, Path) or not separator:
        return SqliteDatabase(Path(address))
    if scheme == "sqlite":
        return SqliteDatabase(Path(rest.removeprefix("/") if rest.startswith("//") else rest))
    if scheme in {"postgresql", "postgres"}:
        try:
            from clary.state.postgres import PostgresDatabase  # noqa: PLC0415  - its driver is an optional extra
        except ModuleNotFoundError as error:
            raise ValueError("PostgreSQL needs its driver: pip install 'clary[postgres]'") from error
        return PostgresDatabase(str(address))
    raise ValueError(f"{address}: a database is named by a path, by sqlite:///PATH or by postgresql://…")
