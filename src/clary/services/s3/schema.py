"""The tables of S3.

Decision: a table of current objects and a table of what lies below them (older versions and delete markers), with the
same columns. Listing, reading and writing then cost the same in a bucket with a long history as in one without, and a
bucket that was never versioned touches one row of one table. Keys are bytes, so that they sort as S3 lists them on
every database.

`rank` orders the versions of a key, newest first: each new one is one less than the one before. `version` is the
version id, `null` for an object stored while the bucket was not versioned. An empty `etag` is a delete marker.
`headers` is a JSON document of what HeadObject answers, `extra` one of what few objects have. `checksum` is what
`checksums.Checksum.stored` makes. An object's bytes are the row `inline` of `s3_inline`, or the parts of its `content`,
or there are none. Few bytes have a table of their own so that rows of objects are small and lie in the order of their
keys: a page of a listing is then a few dozen pages of the disk, wherever in the bucket it is and in whatever order the
keys came.

A part is one blob. `content` is the upload it belongs to, and then the object that the upload became: completing an
upload moves no bytes and no rows. `start` is where the part begins in its object, negative until that is known. Parts
may share a blob (a copied object's do): a blob is live as long as some part names it.
"""

from clary.state.database import Migration

_VERSION = """
    bucket {integer} NOT NULL,
    key {bytes} NOT NULL,
    rank {integer} NOT NULL,
    version {text} NOT NULL,
    modified {float} NOT NULL,
    size {integer} NOT NULL,
    etag {text} NOT NULL,
    storage_class {text} NOT NULL,
    checksum {text},
    headers {text} NOT NULL,
    extra {text},
    inline {integer},
    content {text},
"""

MIGRATIONS = (
    Migration(
        "s3/0001_buckets",
        (
            """CREATE TABLE s3_buckets (
                id {serial},
                name {text} NOT NULL UNIQUE,
                account {text} NOT NULL,
                region {text} NOT NULL,
                created {float} NOT NULL,
                versioning {text} NOT NULL,
                defaults {text}
            )""",
            """CREATE TABLE s3_settings (
                bucket {integer} NOT NULL,
                kind {text} NOT NULL,
                body {text} NOT NULL,
                PRIMARY KEY (bucket, kind)
            ) {clustered}""",
        ),
    ),
    Migration(
        "s3/0002_objects",
        (
            f"CREATE TABLE s3_objects ({_VERSION} PRIMARY KEY (bucket, key)) {{clustered}}",
            f"CREATE TABLE s3_versions ({_VERSION} PRIMARY KEY (bucket, key, rank)) {{clustered}}",
            "CREATE TABLE s3_inline (id {serial}, data {bytes} NOT NULL)",
            "CREATE UNIQUE INDEX s3_versions_id ON s3_versions (bucket, key, version)",
        ),
    ),
    Migration(
        "s3/0003_uploads",
        (
            """CREATE TABLE s3_uploads (
                bucket {integer} NOT NULL,
                key {bytes} NOT NULL,
                id {text} NOT NULL,
                initiated {float} NOT NULL,
                storage_class {text} NOT NULL,
                algorithm {text} NOT NULL,
                checksum_type {text} NOT NULL,
                headers {text} NOT NULL,
                extra {text},
                PRIMARY KEY (bucket, key, id)
            ) {clustered}""",
            """CREATE TABLE s3_parts (
                content {text} NOT NULL,
                number {integer} NOT NULL,
                start {integer} NOT NULL,
                size {integer} NOT NULL,
                etag {text} NOT NULL,
                checksum {text} NOT NULL,
                modified {float} NOT NULL,
                seal {text},
                blob {text} NOT NULL,
                PRIMARY KEY (content, number)
            ) {clustered}""",
            "CREATE INDEX s3_parts_blob ON s3_parts (blob)",
        ),
    ),
)
