"""The long runs of the oracle tests: only when asked for, by `pytest -m thorough tests/wire`."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "thorough: a long run of generated requests and responses; only by `-m thorough`"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "thorough" not in config.option.markexpr:
        items[:] = [item for item in items if item.get_closest_marker("thorough") is None]
