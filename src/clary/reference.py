"""The reference in docs/reference, written from the code: `make docs` runs it, and a test says when to.

Each operation is labelled: real (does what AWS's does), approximate (says how it differs), recorded (keeps what it is
given and does nothing with it), or not implemented (answers 501). The labels come from the methods and their
docstrings, see `services/_base/service.py`; the page of differences from the notes in the source that say
`Differs from AWS`, in comments and docstrings.
"""

import ast
import importlib
import inspect
import io
import re
import sys
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import botocore.loaders
from botocore import xform_name

from clary.app import SERVICES
from clary.services._base.service import Service

SOURCE = Path(__file__).parent
FOLDER = Path("docs/reference")

_HEAD = "<!-- Written by `make docs` from the code: change it there. -->\n\n"
_NOTE = re.compile(r"^(Approximate|Recorded): *(.+?)(?=\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)
_DIFFERENCE = re.compile(r"Differs from AWS: *(.+?)(?=\n\s*\n|\Z)", re.DOTALL)
_LEGEND = """\
- **real**: does what AWS's operation does.
- **approximate**: does the work, and differs as the note says.
- **recorded**: keeps what it is given and gives it back; nothing acts on it.
- **not implemented**: answers `NotImplemented` (501).
"""


class Label(Enum):
    """How far an operation goes."""

    REAL = "real"
    APPROXIMATE = "approximate"
    RECORDED = "recorded"
    MISSING = "not implemented"


@dataclass(frozen=True, slots=True)
class Coverage:
    """One operation: AWS's name for it, its label, and how it differs."""

    operation: str
    label: Label
    note: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One note in the source: the file below `src/clary`, the function or class it stands in, and what it says."""

    file: str
    where: str
    text: str


def pages() -> dict[str, str]:
    """Return the reference: the text of each page by its file name."""
    services = {name: _load(place) for name, place in sorted(SERVICES.items())}
    models = {name: botocore.loaders.create_loader().load_service_model(name, "service-2") for name in services}
    covered = {name: coverage(service, models[name]) for name, service in services.items()}
    titles = {name: str(model["metadata"]["serviceFullName"]) for name, model in models.items()}
    written = {f"{name}.md": _service_page(titles[name], services[name], found) for name, found in covered.items()}
    return {"README.md": _index(titles, covered), "differences.md": _differences_page()} | written


def coverage(service: type[Service], model: Mapping[str, Any]) -> list[Coverage]:
    """Return every operation of botocore's model with what the service makes of it, in the order of their names."""
    return [_covered(getattr(service, xform_name(name), None), name) for name in sorted(model["operations"])]


def differences(source: Path) -> Iterator[Difference]:
    """Yield the notes of every file below a folder, in the order of the files."""
    for path in sorted(source.rglob("*.py")):
        if path != Path(__file__):
            text = path.read_text()
            scopes = list(_scopes(ast.parse(text)))
            for line, remark in sorted([*_comments(text), *_docstrings(text)]):
                for found in _DIFFERENCE.finditer(remark):
                    where = next((name for first, last, name in reversed(scopes) if first <= line <= last), "")
                    yield Difference(path.relative_to(source).as_posix(), where, " ".join(found[1].split()))


def write(written: Mapping[str, str], folder: Path) -> None:
    """Write all pages into a folder, and remove those of services that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.md"):
        if path.name not in written:
            path.unlink()
    for name, text in written.items():
        (folder / name).write_text(text)


def _load(place: str) -> type[Service]:
    module, _, name = place.partition(":")
    service: type[Service] = getattr(importlib.import_module(module), name)
    return service


def _covered(method: object, operation: str) -> Coverage:
    if method is None:
        return Coverage(operation, Label.MISSING)
    note = _NOTE.search(inspect.getdoc(method) or "")
    if note is None:
        return Coverage(operation, Label.REAL)
    return Coverage(operation, Label(note[1].lower()), " ".join(note[2].split()))


def _index(titles: Mapping[str, str], covered: Mapping[str, list[Coverage]]) -> str:
    lines = [
        "# Reference",
        "",
        "What Clary does of each service, operation by operation, and [where it differs from AWS](differences.md).",
        "",
        _LEGEND,
        "| service | real | approximate | recorded | not implemented |",
        "|---|---|---|---|---|",
    ]
    for name, title in titles.items():
        counts = [sum(each.label is label for each in covered[name]) for label in Label]
        lines.append(f"| [{title}]({name}.md) | {' | '.join(map(str, counts))} |")
    return _HEAD + "\n".join(lines) + "\n"


def _service_page(title: str, service: type[Service], covered: list[Coverage]) -> str:
    package = inspect.getdoc(sys.modules[service.__module__.rpartition(".")[0]]) or ""
    here = [each for each in covered if each.label is not Label.MISSING]
    missing = [each.operation for each in covered if each.label is Label.MISSING]
    lines = [f"# {title}", "", package, "", f"{len(here)} of {len(covered)} operations.", ""]
    lines += ["| operation | | how it differs |", "|---|---|---|"]
    lines += [f"| {each.operation} | {each.label.value} | {_cell(each.note)} |" for each in here]
    if missing:
        lines += ["", "Not implemented: " + ", ".join(missing) + "."]
    return _HEAD + "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _differences_page() -> str:
    lines = ["# Where Clary differs from AWS", "", "Each line is a note in the source; its place stands before it.", ""]
    file = ""
    for each in differences(SOURCE):
        if each.file != file:
            file = each.file
            lines += ["", f"## {file}", ""]
        lines.append(f"- `{each.where}`: {each.text}" if each.where else f"- {each.text}")
    return _HEAD + "\n".join(lines) + "\n"


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield the comments with the line each begins in; lines of comment that follow one another are one."""
    first, last, block = 0, 0, ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        line, words = token.start[0], token.string.lstrip("#: ")
        if line != last + 1:
            yield first, block
            first, block = line, ""
        last, block = line, f"{block}\n{words}"
    yield first, block


def _docstrings(text: str) -> Iterator[tuple[int, str]]:
    """Yield the docstrings with the line each begins in."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if docstring:
                yield node.body[0].lineno, docstring


def _scopes(tree: ast.AST, within: str = "") -> Iterator[tuple[int, int, str]]:
    """Yield first line, last line and name of each class and function, the outer before the inner."""
    for node in ast.iter_child_nodes(tree):
        name = within
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{within}.{node.name}" if within else node.name
            yield node.lineno, node.end_lineno or node.lineno, name
        yield from _scopes(node, name)


if __name__ == "__main__":
    write(pages(), FOLDER)
