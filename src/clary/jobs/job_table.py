"""The table of jobs: one row for each live job, as named statements and what a row means.

A row is free (no owner), owned (leased to one run of one server) or gone: a job that ended leaves nothing. `failures`
counts the handler's exceptions and decides when a job is lost; `attempt` counts every start that was not given back.
"""

import json
from dataclasses import dataclass

from clary.jobs.queue import Job
from clary.state.database import Migration, Row

MIGRATIONS = (
    Migration(
        "jobs/0001_jobs",
        (
            """CREATE TABLE jobs (
                id {serial},
                kind {text} NOT NULL,
                scope {text} NOT NULL,
                key {text} NOT NULL,
                payload {text} NOT NULL,
                created {float} NOT NULL,
                due {float} NOT NULL,
                attempt {integer} NOT NULL DEFAULT 0,
                failures {integer} NOT NULL DEFAULT 0,
                stop {integer} NOT NULL DEFAULT 0,
                owner {text},
                leased_until {float} NOT NULL DEFAULT 0,
                UNIQUE (kind, scope, key)
            )""",
            "CREATE INDEX jobs_due ON jobs (kind, due)",
        ),
    ),
)

INSERT = "INSERT INTO jobs (kind, scope, key, payload, created, due) VALUES (?, ?, ?, ?, ?, ?)"

#: Jobs of one kind that may start: free, or leased to somebody whose lease is over. (kind, now, now, limit)
SELECT_DUE = """
    SELECT id, kind, scope, key, payload, created, attempt, failures, stop FROM jobs
    WHERE kind = ? AND due <= ? AND (owner IS NULL OR leased_until < ?) AND (owner IS NULL OR owner <> ?)
    ORDER BY due, id LIMIT ?
"""

#: (owner, leased_until, id, now): changes no row when another server was faster.
CLAIM = """
    UPDATE jobs SET owner = ?, leased_until = ?, attempt = attempt + 1
    WHERE id = ? AND (owner IS NULL OR leased_until < ?)
"""

#: When the next delayed job gets due. (now,)
NEXT_DUE = "SELECT MIN(due) FROM jobs WHERE owner IS NULL AND due > ?"

KINDS = "SELECT DISTINCT kind FROM jobs"

RENEW = "UPDATE jobs SET leased_until = ? WHERE owner = ?"

OWNED = "SELECT id, stop FROM jobs WHERE owner = ?"

#: (due, id, owner): try again later.
RETRY = "UPDATE jobs SET owner = NULL, failures = failures + 1, due = ? WHERE id = ? AND owner = ?"

#: (owner,): a clean shut-down does not count as an attempt.
GIVE_BACK = "UPDATE jobs SET owner = NULL, attempt = attempt - 1 WHERE owner = ?"

#: (owner,): what an earlier run on the same database left owned.
TAKE_BACK = "UPDATE jobs SET owner = NULL WHERE owner <> ?"

DELETE = "DELETE FROM jobs WHERE id = ?"

DELETE_OWNED = "DELETE FROM jobs WHERE id = ? AND owner = ?"

#: (now, now, kind, scope, key): a job that waits for its time is due at once.
REQUEST_STOP = """
    UPDATE jobs SET stop = 1, due = CASE WHEN due > ? THEN ? ELSE due END
    WHERE kind = ? AND scope = ? AND key = ?
"""


@dataclass(frozen=True, slots=True)
class JobRow:
    """A claimed job with what only the queue needs of it."""

    job: Job
    failures: int
    stop: bool


def job_row(row: Row) -> JobRow:
    """Return what a row of SELECT_DUE means once it is claimed."""
    job_id, kind, scope, key, payload, created, attempt, failures, stop = row
    job = Job(job_id, kind, scope, key, json.loads(payload), attempt + 1, created)
    return JobRow(job, failures, bool(stop))
