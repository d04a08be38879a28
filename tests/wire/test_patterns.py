"""The models' patterns: every one compiles, and means in Python what it means in Java."""

import re
import unicodedata
from random import Random

import pytest

from clary.wire.catalog import Catalog
from clary.wire.patterns import FAULTY, LINEAR, compile_java, matcher, ranges

CATALOG = Catalog()
SHAPES = [shape for name in CATALOG.services() for shape in CATALOG.service(name).shapes.values()]
PATTERNS = {shape["pattern"] for shape in SHAPES if "pattern" in shape}


def compiles(pattern: str) -> bool:
    try:
        compile_java(pattern)
    except re.error:
        return False
    return True


def test_every_pattern_compiles() -> None:
    assert {pattern for pattern in PATTERNS if not compiles(pattern)} == set()


def test_exceptions_are_of_the_models() -> None:
    assert {*FAULTY, *LINEAR} <= PATTERNS


@pytest.mark.parametrize(
    ("pattern", "right", "wrong"),
    [
        (r"[a-z]+", "abc", "abc1"),
        (r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$", "Ünïcode 日本 1", "semi;colon"),
        (r"\P{C}*", "a b", "a\0b"),
        (r"[\P{M}\p{M}]{0,3}", "e\u0301x", "four"),
        (r"[\p{Alnum}_]+", "a_1", "é"),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "a\t😀", "a\nb"),
        (r"[\w-_.]+", "a-b_c.d", "a/b"),
        (r"^(?i)(true|false)$", "TRUE", "yes"),
        (r"(?i)\Aab\z", "aB", "ab\n"),
        (r"(?s).*", "a\nb", None),
        (r".*", "a", "a\u2028b"),
        (r"\d{2}", "12", "\u0661\u0662"),
        (r"([a-c]*)${1,128}", "abc", "d"),
    ],
)
def test_pattern_of_java_matches_as_in_java(pattern: str, right: str, wrong: str | None) -> None:
    found = matcher(pattern)
    assert found is not None
    assert found.fullmatch(right)
    assert wrong is None or not found.fullmatch(wrong)


@pytest.mark.parametrize("original", LINEAR)
def test_linear_pattern_matches_the_same_texts(original: str) -> None:
    random = Random(original)
    slow, fast = compile_java(original), compile_java(LINEAR[original])
    prefix = "https://" if original.startswith("https") else ""
    alphabet = "aA0.-_/ \t*:\x01"
    texts = [prefix + "".join(random.choices(alphabet, k=random.randint(0, 6))) for _ in range(4000)]
    assert {bool(slow.fullmatch(text)) for text in texts} == {True, False}
    assert [bool(slow.fullmatch(text)) for text in texts] == [bool(fast.fullmatch(text)) for text in texts]


@pytest.mark.parametrize("name", ["L", "Zs", "C", "Cn", "Co"])
def test_categories_hold_every_character(name: str) -> None:
    inside, outside = (re.compile(f"[{ranges(name, negated)}]+") for negated in (False, True))
    everything = [chr(code) for code in range(0x110000)]
    own = "".join(char for char in everything if unicodedata.category(char).startswith(name))
    others = "".join(char for char in everything if not unicodedata.category(char).startswith(name))
    assert inside.fullmatch(own)
    assert outside.fullmatch(others)
