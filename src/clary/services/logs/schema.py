"""The tables of CloudWatch Logs.

Decision: events are rows of one table whose primary key is the order in which they are read: stream, time, and the
number that the stream gave them. A page is one range of that key, however long the stream. Messages are bytes, since
PostgreSQL's text cannot hold NUL. Times are in milliseconds since the epoch.

What is deleted or has outlived its retention is named in `log_trim` in the same transaction, hidden at once, and
removed in slices afterwards (`trimming.py`): no answer waits for a million rows to go.
"""

from clary.state.database import Migration

#: Later than any event; the first event of a stream that has none.
END_OF_TIME = 2**62
#: Earlier than any event; the last event of a stream that has none.
BEFORE_TIME = -1

MIGRATIONS = (
    Migration(
        "logs/0001_groups_streams_events",
        (
            """CREATE TABLE log_group (
                id {serial}, scope {text} NOT NULL, name {text} NOT NULL, created {integer} NOT NULL,
                class {text} NOT NULL, retention {integer}, protected {integer} NOT NULL, tags {text} NOT NULL,
                UNIQUE (scope, name))""",
            """CREATE TABLE log_stream (
                id {serial}, group_id {integer} NOT NULL, name {text} NOT NULL, created {integer} NOT NULL,
                first_event {integer} NOT NULL, last_event {integer} NOT NULL, ingested {integer},
                size {integer} NOT NULL, next_number {integer} NOT NULL,
                UNIQUE (group_id, name))""",
            "CREATE INDEX log_stream_by_time ON log_stream (group_id, last_event, name)",
            """CREATE TABLE log_event (
                stream_id {integer} NOT NULL, time {integer} NOT NULL, number {integer} NOT NULL,
                ingested {integer} NOT NULL, message {bytes} NOT NULL,
                PRIMARY KEY (stream_id, time, number))""",
            "CREATE TABLE log_trim (stream_id {integer} PRIMARY KEY, before {integer} NOT NULL)",
        ),
    ),
)
