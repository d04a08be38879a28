"""DuckDB over s3fs. Takes a bucket."""

import sys

import duckdb
import s3fs


def write(db: duckdb.DuckDBPyConnection, root: str) -> None:
    db.execute("CREATE TABLE numbers AS SELECT i AS number, i % 4 AS kind, 'nº ' || i AS name FROM range(200000) r(i)")
    db.execute(f"COPY numbers TO '{root}/one.parquet'")
    db.execute(f"COPY numbers TO '{root}/set' (FORMAT parquet, PARTITION_BY (kind), OVERWRITE_OR_IGNORE)")
    db.execute(f"COPY numbers TO '{root}/all.csv' (HEADER)")


def read(db: duckdb.DuckDBPyConnection, root: str) -> None:
    total = sum(range(200_000))
    for source in (
        f"'{root}/one.parquet'",
        f"'{root}/all.csv'",
        f"read_parquet('{root}/set/*/*.parquet', hive_partitioning => true)",
    ):
        query = f"SELECT sum(number), count(DISTINCT kind), max(name) FROM {source}"
        assert db.execute(query).fetchone() == (total, 4, "nº 99999"), source
    query = f"SELECT count(*) FROM read_parquet('{root}/set/kind=1/*') WHERE number < 100"
    assert db.execute(query).fetchone() == (25,)


if __name__ == "__main__":
    bucket = sys.argv[1]
    connection = duckdb.connect()
    connection.register_filesystem(s3fs.S3FileSystem())
    write(connection, f"s3://{bucket}")
    read(connection, f"s3://{bucket}")
