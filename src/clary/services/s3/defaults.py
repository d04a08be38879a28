"""What a bucket gives every new object: one JSON document, read with the bucket itself."""

from typing import Any

import orjson

from clary.services.s3.models import Bucket, dump
from clary.state.database import Transaction

_SET = "UPDATE s3_buckets SET defaults = ? WHERE id = ?"


async def set_default(tx: Transaction, bucket: Bucket, name: str, value: Any) -> None:
    """Change one of a bucket's defaults; None takes it away."""
    defaults = {} if bucket.defaults is None else orjson.loads(bucket.defaults)
    defaults = {key: item for key, item in (defaults | {name: value}).items() if item is not None}
    await tx.execute(_SET, dump(defaults) if defaults else None, bucket.id)
