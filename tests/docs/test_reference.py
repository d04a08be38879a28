"""The reference is complete and says what the code says."""

from pathlib import Path

import botocore.session
import pytest

from clary import reference
from clary.app import SERVICES
from clary.reference import Coverage, Difference, Label
from clary.services._base.service import Service

FOLDER = Path(__file__).parents[2] / reference.FOLDER


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return reference.pages()


def test_docs_are_current(pages: dict[str, str]) -> None:
    committed = {path.name: path.read_text() for path in FOLDER.glob("*.md")}
    assert committed == pages, "run `make docs` and commit docs/reference"


@pytest.mark.parametrize("service", SERVICES)
def test_page_names_every_operation(service: str, pages: dict[str, str]) -> None:
    operations = botocore.session.get_session().get_service_model(service).operation_names
    missing = [name for name in operations if f"| {name} |" not in pages[f"{service}.md"]]
    listed = pages[f"{service}.md"].partition("Not implemented: ")[2].rstrip(".\n").split(", ")
    assert [name for name in missing if name not in listed] == []


def test_coverage_reads_labels_and_notes() -> None:
    class Example(Service):
        name = "sts"

        async def get_caller_identity(self) -> None:
            """No policy can forbid it."""

        async def assume_role(self) -> None:
            """Recorded: it is kept,
            and nothing else.

            More words.
            """

        async def get_session_token(self) -> None:
            """First.

            Approximate: it differs.
            """

    names = ("AssumeRole", "GetCallerIdentity", "GetSessionToken", "AssumeRoot")
    assert reference.coverage(Example, {"operations": dict.fromkeys(names)}) == [
        Coverage("AssumeRole", Label.RECORDED, "it is kept, and nothing else."),
        Coverage("AssumeRoot", Label.MISSING),
        Coverage("GetCallerIdentity", Label.REAL),
        Coverage("GetSessionToken", Label.APPROXIMATE, "it differs."),
    ]


def test_differences_are_found_in_comments_and_docstrings(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(
        '"""A module.\n\nDiffers from AWS: the docstring\ngoes on.\n\nEnd."""\n'
        "class A:\n    def f(self):\n        # Words. Differs from AWS: in a comment\n        # of two lines.\n"
        "        x = 1\n"
    )
    assert list(reference.differences(tmp_path)) == [
        Difference("one.py", "", "the docstring goes on."),
        Difference("one.py", "A.f", "in a comment of two lines."),
    ]


def test_write_removes_pages_of_services_that_are_gone(tmp_path: Path, pages: dict[str, str]) -> None:
    (tmp_path / "gone.md").write_text("old")
    reference.write(pages, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == pages.keys()
