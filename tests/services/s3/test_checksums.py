"""Checksums against published check values and against themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clary.services.s3 import checksums

#: The checksum of `123456789`: the check values of the CRC catalogue, and of each hash's own reference.
CHECK = {
    "CRC32": "cbf43926",
    "CRC32C": "e3069283",
    "CRC64NVME": "ae8b14860a799888",
    "SHA1": "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
    "SHA256": "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
    "MD5": "25f9e794323b453885f5181f1b624d0b",
    "XXHASH64": "8cb841db40e6ae83",
}


@pytest.mark.parametrize("algorithm", CHECK)
def test_digest_is_the_published_one(algorithm: str) -> None:
    hasher = checksums.new_hasher(algorithm)
    for piece in (b"1234", b"", b"56789"):
        hasher.update(piece)
    assert hasher.digest().hex() == CHECK[algorithm]


@pytest.mark.parametrize("algorithm", checksums.SIZES)
def test_digest_has_the_size_that_headers_must_have(algorithm: str) -> None:
    digest = checksums.new_hasher(algorithm).digest()
    assert len(digest) == checksums.SIZES[algorithm]
    assert checksums.decode(algorithm, checksums.encode(digest)) == digest


@pytest.mark.parametrize("algorithm", sorted(checksums.LINEAR))
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=6))
def test_combine_equals_the_digest_of_the_whole(algorithm: str, parts: list[bytes]) -> None:
    digests = []
    whole = checksums.new_hasher(algorithm)
    for part in parts:
        whole.update(part)
        hasher = checksums.new_hasher(algorithm)
        hasher.update(part)
        digests.append((hasher.digest(), len(part)))
    assert checksums.combine(algorithm, digests) == whole.digest()


@pytest.mark.parametrize("value", ["", "AAAA", "not base64!", "AAAAAAA=", "AAAAAAAAAA=="])
def test_decode_refuses_what_is_no_digest(value: str) -> None:
    assert checksums.decode("CRC32", value) is None
