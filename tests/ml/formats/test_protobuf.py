import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clary.ml.formats.protobuf import decode_varints, encode_varints, fields, read_varint, write_delimited, write_varint

unsigned = st.integers(0, 2**64 - 1)


@given(unsigned)
def test_varint_round_trip(number: int) -> None:
    encoded = write_varint(number)
    assert read_varint(encoded, 0, len(encoded)) == (number, len(encoded))


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_packed_varints_round_trip(numbers: list[int]) -> None:
    encoded = encode_varints(np.array(numbers, np.int64))
    decoded, ends = decode_varints(encoded)
    assert decoded.tolist() == numbers
    assert ends.tolist() == np.cumsum([len(write_varint(number % 2**64)) for number in numbers]).tolist()


def test_varint_of_the_documentation() -> None:
    assert write_varint(150) == b"\x96\x01"


@pytest.mark.parametrize("packed", [b"\x80", b"\x01\xff", b"\xff" * 11 + b"\x01"])
def test_packed_varints_refuse_what_is_cut_off(packed: bytes) -> None:
    with pytest.raises(ValueError, match=r"cut off|64 bits"):
        decode_varints(packed)


def test_fields_of_every_wire_type() -> None:
    message = b"\x08\x96\x01" + b"\x15abcd" + b"\x19abcdefgh" + write_delimited(4, b"xy")
    found = [(field.number, field.wire, message[field.start : field.end]) for field in fields(message, 0, len(message))]
    assert found == [(1, 0, b"\x96\x01"), (2, 5, b"abcd"), (3, 1, b"abcdefgh"), (4, 2, b"xy")]


@given(st.binary(max_size=30))
def test_fields_of_any_bytes_stay_within(content: bytes) -> None:
    try:
        ends = [field.end for field in fields(content, 0, len(content))]
    except ValueError:
        return
    assert all(end <= len(content) for end in ends)
