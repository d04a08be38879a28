"""Schema changes: each runs once and is recorded in the database itself."""

from collections.abc import Mapping, Sequence

from clary.state.database import Database, Migration, NewerSchema

_RECORD = "CREATE TABLE IF NOT EXISTS migration (position {serial}, name {text} NOT NULL UNIQUE)"


def spell(statement: str, words: Mapping[str, str]) -> str:
    """Replace the words in braces, which differ between backends."""
    for word, spelling in words.items():
        statement = statement.replace(f"{{{word}}}", spelling)
    return statement


async def run_migrations(database: Database, migrations: Sequence[Migration], words: Mapping[str, str]) -> None:
    """Do what `Database.migrate` says; `words` spells the backend's types.

    Raises:
        NewerSchema: see there.
    """
    async with database.write() as tx:
        await tx.execute(spell(_RECORD, words))
    done = {str(row[0]) for row in await database.fetch_all("SELECT name FROM migration")}
    known = {migration.name for migration in migrations}
    components = {_component(name) for name in known}
    unknown = sorted(name for name in done - known if _component(name) in components)
    if unknown:
        raise NewerSchema(
            f"The database was written by a newer release of Clary (it holds {', '.join(unknown)}). "
            "Start that release, or a later one, or use another data directory."
        )
    for migration in migrations:
        if migration.name not in done:
            await _run(database, migration, words)


async def _run(database: Database, migration: Migration, words: Mapping[str, str]) -> None:
    async with database.write() as tx:
        if await tx.fetch_one("SELECT 1 FROM migration WHERE name = ?", migration.name):
            return  # another server ran it meanwhile
        for statement in migration.statements:
            await tx.execute(spell(statement, words))
        await tx.execute("INSERT INTO migration (name) VALUES (?)", migration.name)


def _component(name: str) -> str:
    return name.partition("/")[0]
