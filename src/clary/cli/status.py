"""`clary status`: what runs, as the public API tells it."""

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from clary.cli.api import Api, root
from clary.cli.place import load_settings, need_server


class Kind(NamedTuple):
    """A kind of thing that runs, and how SageMaker lists those that are not at their end."""

    name: str
    operation: str
    members: str
    prefix: str
    filters: dict[str, str]


KINDS = (
    Kind("training job", "ListTrainingJobs", "TrainingJobSummaries", "TrainingJob", {"StatusEquals": "InProgress"}),
    Kind("training job", "ListTrainingJobs", "TrainingJobSummaries", "TrainingJob", {"StatusEquals": "Stopping"}),
    Kind("endpoint", "ListEndpoints", "Endpoints", "Endpoint", {}),
)
COLUMNS = ("kind", "name", "status", "created")


def main(options: argparse.Namespace) -> int:
    """Print a table, or JSON."""
    settings = load_settings(options)
    holder = need_server(settings)
    rows = list(running(root(holder.url, settings)))
    if options.json:
        print(json.dumps({"url": holder.url, "pid": holder.pid, "data_dir": str(settings.data_dir), "running": rows}))
        return 0
    print(f"Clary is ready at {holder.url} (pid {holder.pid}, data in {settings.data_dir})")
    print("\n".join(table(rows)) if rows else "Nothing runs.")
    return 0


def running(api: Api) -> Iterator[dict[str, str]]:
    """Yield what runs, by kind and then the newest first."""
    for kind in KINDS:
        wanted = {"SortBy": "CreationTime", "SortOrder": "Descending", **kind.filters}
        while True:
            page = api.json("sagemaker", f"SageMaker.{kind.operation}", **wanted)
            for each in page[kind.members]:
                created = datetime.fromtimestamp(each["CreationTime"], UTC).isoformat(timespec="seconds")
                name, status = each[f"{kind.prefix}Name"], each[f"{kind.prefix}Status"]
                yield {"kind": kind.name, "name": name, "status": status, "created": created}
            if "NextToken" not in page:
                break
            wanted["NextToken"] = page["NextToken"]


def table(rows: list[dict[str, str]]) -> Iterator[str]:
    """Yield the lines of a table with a head."""
    head = {column: column.upper() for column in COLUMNS}
    widths = [max(len(row[column]) for row in [head, *rows]) for column in COLUMNS]
    for row in [head, *rows]:
        yield "  ".join(row[column].ljust(width) for column, width in zip(COLUMNS, widths, strict=True)).rstrip()
