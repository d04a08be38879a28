"""aws-chunked bodies: botocore's own, and signed ones made by the rules of S3's documentation."""

import hashlib
import hmac
import io
import itertools
from collections.abc import AsyncIterator

import pytest
from botocore.httpchecksum import AwsChunkedWrapper, Crc32Checksum
from hypothesis import given
from hypothesis import strategies as st

from clary.wire.body import read_all
from clary.wire.chunked import ChunkedBody, Signer
from clary.wire.claim import Claim, Scheme
from clary.wire.errors import AwsError
from clary.wire.sigv4 import dechunk
from clary.wire.types import HttpRequest

KEY = b"k" * 32
SEED = "0" * 64
SCOPE = "20260921/eu-west-1/s3/aws4_request"
STAMP = "20260921T141320Z"
CLAIM = Claim(Scheme.V4, False, "", "AKIDEXAMPLE", timestamp=STAMP)
EMPTY = hashlib.sha256(b"").hexdigest()
CRC = frozenset({"x-amz-checksum-crc32"})


class Pieces:
    """A body that comes in the given pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece

    async def read(self, limit: int) -> bytes:
        return await read_all(self, limit)


def cut(data: bytes, places: list[int]) -> Pieces:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return Pieces(*[data[start:end] for start, end in itertools.pairwise(edges) if start < end])


def signer() -> Signer:
    return Signer(CLAIM, KEY, SCOPE, SEED)


def sign(previous: str, algorithm: str, digests: str) -> str:
    text = f"{algorithm}\n{STAMP}\n{SCOPE}\n{previous}\n{digests}"
    return hmac.new(KEY, text.encode(), "sha256").hexdigest()


def encode(chunks: list[bytes], trailers: dict[str, str] | None = None) -> bytes:
    """Return chunks in the form of STREAMING-AWS4-HMAC-SHA256-PAYLOAD, with -TRAILER where there are trailers."""
    previous, out = SEED, b""
    for chunk in [*chunks, b""]:
        previous = sign(previous, "AWS4-HMAC-SHA256-PAYLOAD", f"{EMPTY}\n{hashlib.sha256(chunk).hexdigest()}")
        out += b"%x;chunk-signature=%s\r\n" % (len(chunk), previous.encode())
        out += chunk + b"\r\n" if chunk else b""
    if trailers:
        text = "".join(f"{name}:{value}\n" for name, value in trailers.items())
        last = sign(previous, "AWS4-HMAC-SHA256-TRAILER", hashlib.sha256(text.encode()).hexdigest())
        out += text.replace("\n", "\r\n").encode() + f"x-amz-trailer-signature:{last}\r\n".encode()
    return out + b"\r\n"


async def refused(body: ChunkedBody) -> str:
    with pytest.raises(AwsError) as caught:
        await body.read(10**6)
    assert caught.value.status < 500
    return caught.value.code


CHUNKS = st.lists(st.binary(min_size=1, max_size=40), max_size=5)
PLACES = st.lists(st.integers(min_value=0), max_size=8)


@given(CHUNKS, PLACES, st.booleans())
async def test_signed_chunks(chunks: list[bytes], places: list[int], trailer: bool) -> None:
    data = b"".join(chunks)
    trailers = {"x-amz-checksum-crc32": "AAAA=="} if trailer else {}
    body = ChunkedBody(cut(encode(chunks, trailers), places), len(data), frozenset(trailers), signer())
    assert await body.read(1000) == data
    assert body.trailers == trailers


@given(st.binary(max_size=200), PLACES)
async def test_botocores_unsigned_chunks(data: bytes, places: list[int]) -> None:
    wrapped = AwsChunkedWrapper(io.BytesIO(data), Crc32Checksum, "x-amz-checksum-crc32", chunk_size=64)
    body = ChunkedBody(cut(wrapped.read(), places), len(data), CRC, None)
    assert await body.read(1000) == data
    checksum = Crc32Checksum()
    checksum.update(data)
    assert body.trailers == {"x-amz-checksum-crc32": checksum.b64digest()}


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
async def test_any_flipped_byte_is_found(place: int, flip: int) -> None:
    encoded = bytearray(encode([b"one", b"two"], {"x-amz-checksum-crc32": "AAAA=="}))
    encoded[place % len(encoded)] ^= flip
    body = ChunkedBody(Pieces(bytes(encoded)), 6, CRC, signer())
    try:
        assert await body.read(1000) == b"onetwo"
        # What the rules leave open: the case of digits and names, and space around a value.
        assert {name: value.strip() for name, value in body.trailers.items()} == {"x-amz-checksum-crc32": "AAAA=="}
    except AwsError as error:
        assert error.status < 500


@given(st.integers(min_value=0))
async def test_any_cut_is_found(place: int) -> None:
    encoded = encode([b"one", b"two"])
    body = ChunkedBody(Pieces(encoded[: place % len(encoded)]), 6, frozenset(), signer())
    assert await refused(body) == "IncompleteBody"


@pytest.mark.parametrize(
    ("encoded", "length", "expected", "code"),
    [
        (b"3\r\nabc\r\n0\r\n\r\n", 4, frozenset(), "IncompleteBody"),
        (b"3\r\nabc\r\n0\r\n\r\n", 2, frozenset(), "IncompleteBody"),
        (b"3\r\nabcd\r\n0\r\n\r\n", 3, frozenset(), "InvalidRequest"),
        (b"x\r\nabc\r\n0\r\n\r\n", 3, frozenset(), "InvalidRequest"),
        (b"-3\r\nabc\r\n0\r\n\r\n", 3, frozenset(), "InvalidRequest"),
        (b"a" * 10_000, 3, frozenset(), "InvalidRequest"),
        (b"ffffffffffffffff\r\nabc", 3, frozenset(), "IncompleteBody"),
        (b"3\r\nabc\r\n0\r\n\r\nmore", 3, frozenset(), "MalformedTrailerError"),
        (b"3\r\nabc\r\n0\r\n\r\n", 3, CRC, "MalformedTrailerError"),
        (b"3\r\nabc\r\n0\r\nx-other:1\r\n\r\n", 3, CRC, "MalformedTrailerError"),
        (b"3\r\nabc\r\n0\r\nnonsense\r\n\r\n", 3, CRC, "MalformedTrailerError"),
        (b"3\r\nabc\r\n0\r\n" + b"a:b\r\n" * 2 + b"\r\n", 3, frozenset({"a"}), "MalformedTrailerError"),
    ],
)
async def test_malformed(encoded: bytes, length: int, expected: frozenset[str], code: str) -> None:
    assert await refused(ChunkedBody(Pieces(encoded), length, expected, None)) == code


async def test_unsigned_chunk_in_a_signed_body() -> None:
    body = ChunkedBody(Pieces(b"3\r\nabc\r\n0\r\n\r\n"), 3, frozenset(), signer())
    assert await refused(body) == "SignatureDoesNotMatch"


async def test_large_chunk_comes_in_the_pieces_in_which_it_arrives() -> None:
    pieces = [b"x" * 65536] * 8
    data = Pieces(b"80000\r\n", *pieces, b"\r\n0\r\n\r\n")
    sizes = [len(piece) async for piece in ChunkedBody(data, 0x80000, frozenset(), None)]
    assert sizes == [65536] * 8


async def test_request_without_its_chunks() -> None:
    headers = {
        "content-length": "99",
        "content-encoding": "aws-chunked,gzip",
        "x-amz-decoded-content-length": "3",
        "x-amz-trailer": "X-Amz-Checksum-Crc32",
    }
    body = Pieces(b"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAA==\r\n\r\n")
    request = dechunk(HttpRequest("PUT", "/b/k", "", headers, body), None)
    assert await request.body.read(10) == b"abc"
    assert request.headers["content-length"] == "3"
    assert request.headers["content-encoding"] == "gzip"
    del headers["x-amz-decoded-content-length"]
    with pytest.raises(AwsError, match="MissingContentLength"):
        dechunk(HttpRequest("PUT", "/b/k", "", headers, body), None)
