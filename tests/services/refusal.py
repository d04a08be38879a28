"""What a service answers to a call that it refuses."""

from typing import Any

import pytest
from botocore.exceptions import ClientError


def refused(call: Any, **params: Any) -> tuple[str, str]:
    """Make a call that must fail; return AWS's code and text."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]
