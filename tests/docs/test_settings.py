"""The page of settings names every variable that is read."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_variable_is_documented() -> None:
    read = set(re.findall(r"\bCLARY_[A-Z_]+\b", (ROOT / "src" / "clary" / "config.py").read_text()))
    assert read
    assert read == set(re.findall(r"\bCLARY_[A-Z_]+\b", (ROOT / "docs" / "settings.md").read_text()))
