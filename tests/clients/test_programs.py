"""Python clients in an environment of their own: each program asserts for itself."""

from pathlib import Path

from tests.clients.shell import Shell


def test_s3fs_keeps_files(shell: Shell, bucket: str, tree: Path) -> None:
    shell.python("s3fs_files.py", bucket, tree)


def test_pyarrow_keeps_files_and_data_sets(shell: Shell, bucket: str) -> None:
    shell.python("pyarrow_files.py", bucket)


def test_duckdb_queries_what_it_wrote(shell: Shell, bucket: str) -> None:
    shell.python("duckdb_queries.py", bucket)


def test_awswrangler_keeps_tables(shell: Shell, bucket: str, tmp_path: Path) -> None:
    shell.python("awswrangler_tables.py", bucket, tmp_path)
