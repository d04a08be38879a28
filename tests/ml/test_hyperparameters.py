import pytest
from hypothesis import given
from hypothesis import strategies as st

from clary.ml.errors import ClientError
from clary.ml.hyperparameters import (
    Choice,
    Flag,
    Hyperparameter,
    Hyperparameters,
    Integer,
    Integers,
    Interval,
    Real,
    Words,
)

DECLARED = Hyperparameters(
    Integer("rounds", "[1, inf)", required=True),
    Real("rate", "(0, 1]", aliases=("learning_rate",)),
    Choice("mode", ("fast", "exact")),
)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("[0, 1]", (0, 1), (-0.1, 1.1)),
        ("(0, 1)", (0.5,), (0, 1)),
        ("[1, inf)", (1, 1e300), (0.9, float("inf"))),
        ("(-inf, inf)", (-1e300, 0), (float("inf"), float("nan"))),
    ],
)
def test_interval_holds_what_it_says(text: str, inside: tuple[float, ...], outside: tuple[float, ...]) -> None:
    interval = Interval(text)
    assert all(value in interval for value in inside)
    assert not any(value in interval for value in outside)


def test_parse_strings() -> None:
    assert DECLARED.parse({"rounds": "10", "rate": "0.5", "mode": "fast"}) == {
        "rounds": 10,
        "rate": 0.5,
        "mode": "fast",
    }


def test_parse_python_values() -> None:
    assert DECLARED.parse({"rounds": 10, "rate": 1}) == {"rounds": 10, "rate": 1.0}


def test_parse_takes_an_alias() -> None:
    assert DECLARED.parse({"rounds": 1, "learning_rate": "0.1"}) == {"rounds": 1, "rate": 0.1}


def test_parse_adds_no_defaults() -> None:
    assert Hyperparameters(Real("rate", "[0, 1]", default=0.3)).parse({}) == {}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rate": "0.5"}, ["rounds", "required"]),
        ({"rounds": "0"}, ["rounds", "'0'", "[1, inf)"]),
        ({"rounds": "1.5"}, ["rounds", "'1.5'", "integer"]),
        ({"rounds": "ten"}, ["rounds", "'ten'", "integer"]),
        ({"rounds": "1", "rate": "0"}, ["rate", "'0'", "(0, 1]"]),
        ({"rounds": "1", "rate": "nan"}, ["rate", "'nan'"]),
        ({"rounds": "1", "mode": "slow"}, ["mode", "'slow'", "fast, exact"]),
        ({"rounds": "1", "rat": "1"}, ["rat.", "Did you mean rate?"]),
        ({"rounds": "1", "zzz": "1"}, ["zzz", "rounds, rate, mode"]),
        ({"rounds": "1", "rate": "1", "learning_rate": "1"}, ["rate", "twice", "learning_rate"]),
    ],
)
def test_parse_names_what_is_wrong(given: dict[str, str], words: list[str]) -> None:
    with pytest.raises(ClientError) as caught:
        DECLARED.parse(given)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert str(caught.value).startswith("ClientError: ")


@pytest.mark.parametrize(
    ("declared", "value", "expected"),
    [
        (Flag("f"), "True", True),
        (Flag("f"), "0", False),
        (Flag("f"), True, True),
        (Words("w"), "a, b", ["a", "b"]),
        (Words("w"), '["a", "b"]', ["a", "b"]),
        (Words("w"), "['a']", ["a"]),
        (Words("w"), ["a"], ["a"]),
        (Integers("i", "[-1, 1]"), "(1, 0,-1)", [1, 0, -1]),
        (Integers("i", "[-1, 1]"), "[1]", [1]),
        (Integers("i", "[0, inf)", nested=True), "[[0, 1], [2]]", [[0, 1], [2]]),
    ],
)
def test_parse_flags_and_lists(declared: Hyperparameter, value: object, expected: object) -> None:
    assert declared.parse(value) == expected


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        (Flag("f"), "yes"),
        (Words("w", ("a",)), "a,b"),
        (Words("w"), "a,,b"),
        (Words("w"), "[1, "),
        (Integers("i", "[-1, 1]"), "(2,)"),
        (Integers("i", "[-1, 1]"), "(0.5,)"),
        (Integers("i", "[-1, 1]"), "[[1]]"),
        (Integers("i", "[-1, 1]"), "__import__('os')"),
        (Integers("i", "[0, inf)", nested=True), "[1]"),
    ],
)
def test_parse_refuses_flags_and_lists(declared: Hyperparameter, value: object) -> None:
    with pytest.raises(ClientError, match=f"Hyperparameter {declared.name}: .*expected"):
        declared.parse(value)


@given(st.floats(min_value=0, max_value=1, exclude_min=True))
def test_real_reads_what_python_writes(value: float) -> None:
    assert DECLARED.parse({"rounds": 1, "rate": repr(value)})["rate"] == value


@given(st.text())
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for declared in (*DECLARED.declared.values(), Flag("f"), Words("w"), Integers("i", "[0, 1]", nested=True)):
        try:
            declared.parse(text)
        except ClientError as error:
            assert declared.name in str(error)
