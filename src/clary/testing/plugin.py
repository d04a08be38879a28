"""Pytest fixtures: put `pytest_plugins = ["clary.testing.plugin"]` into a conftest.py."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from clary.testing import FakeClock, Server


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """Return the clock of the `server` fixture; boto3 signs by it too, so that its requests do not look old."""
    clock = FakeClock()

    def now(*, remove_tzinfo: bool = True) -> datetime:
        time = datetime.fromtimestamp(clock.now(), UTC)
        return time.replace(tzinfo=None) if remove_tzinfo else time

    for module in ("botocore.auth", "botocore.crt.auth"):  # it signs by the second where awscrt is installed
        monkeypatch.setattr(f"{module}.get_current_datetime", now)
    return clock


@pytest.fixture
def server(tmp_path: Path, clock: FakeClock) -> Iterator[Server]:
    """Run a server for the length of a test."""
    with Server(tmp_path / "clary", clock) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Callable[..., Any]:
    """Return a function that makes boto3 clients of the `server` fixture: `client("s3")`."""
    return server.client
