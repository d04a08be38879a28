"""Multipart uploads, through boto3."""

import hashlib
import os
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

Refused = Callable[..., dict[str, Any]]
MIB = 2**20


class Upload:
    """An upload of the key `k`, and the parts put into it so far."""

    def __init__(self, s3: Any, bucket: str, **arguments: Any) -> None:
        self.s3 = s3
        self.named = {"Bucket": bucket, "Key": "k"}
        self.named["UploadId"] = s3.create_multipart_upload(**self.named, **arguments)["UploadId"]
        self.parts: list[dict[str, Any]] = []

    def put(self, number: int, data: bytes, **arguments: Any) -> dict[str, Any]:
        put = self.s3.upload_part(**self.named, PartNumber=number, Body=data, **arguments)
        sums = {name: value for name, value in put.items() if name.startswith("Checksum")}
        self.parts.append({"PartNumber": number, "ETag": put["ETag"], **sums})
        return self.parts[-1]

    def complete(self, **arguments: Any) -> dict[str, Any]:
        whole = {"Parts": self.parts}
        done: dict[str, Any] = self.s3.complete_multipart_upload(**self.named, MultipartUpload=whole, **arguments)
        return done


@pytest.fixture
def upload(s3: Any, bucket: str) -> Upload:
    return Upload(s3, bucket)


def test_complete_joins_the_parts(s3: Any, upload: Upload) -> None:
    pieces = [os.urandom(5 * MIB), os.urandom(5 * MIB + 1), b"end"]
    for number, piece in zip((1, 5, 10_000), pieces, strict=True):
        upload.put(number, piece)
    done = upload.complete()
    digests = b"".join(hashlib.md5(piece).digest() for piece in pieces)
    assert done["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    bucket = upload.named["Bucket"]
    whole = b"".join(pieces)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == whole
    span = s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={5 * MIB - 2}-{10 * MIB + 2}")
    assert span["Body"].read() == whole[5 * MIB - 2 : 10 * MIB + 3]
    part = s3.get_object(Bucket=bucket, Key="k", PartNumber=5)
    assert (part["Body"].read(), part["PartsCount"]) == (pieces[1], 3)
    assert s3.head_object(Bucket=bucket, Key="k", PartNumber=10_000)["ContentLength"] == 3


def test_complete_again_answers_the_same(upload: Upload, refused: Refused) -> None:
    upload.put(1, b"one")
    first, again = upload.complete(), upload.complete()
    assert (again["ETag"], again["Location"]) == (first["ETag"], first["Location"])
    upload.s3.put_object(Bucket=upload.named["Bucket"], Key="k", Body=b"other")
    assert refused(upload.complete)["Code"] == "NoSuchUpload"


def test_upload_part_again_replaces(s3: Any, upload: Upload) -> None:
    upload.put(1, b"old")
    upload.parts.clear()
    upload.put(1, b"new")
    upload.complete()
    assert s3.get_object(Bucket=upload.named["Bucket"], Key="k")["Body"].read() == b"new"


def test_complete_leaves_out_what_is_not_listed(s3: Any, upload: Upload) -> None:
    upload.put(1, b"unlisted")
    upload.parts.clear()
    upload.put(2, b"listed")
    upload.complete()
    assert s3.get_object(Bucket=upload.named["Bucket"], Key="k")["Body"].read() == b"listed"


def test_complete_small_part_not_last(upload: Upload, refused: Refused) -> None:
    upload.put(1, b"small")
    upload.put(2, b"last")
    error = refused(upload.complete)
    assert (error["Code"], error["PartNumber"], error["ProposedSize"]) == ("EntityTooSmall", "1", "5")


def test_complete_parts_out_of_order_or_wrong(upload: Upload, refused: Refused) -> None:
    upload.put(2, b"two")
    upload.put(1, b"one")
    assert refused(upload.complete)["Code"] == "InvalidPartOrder"
    upload.parts = [{"PartNumber": 1, "ETag": "wrong"}]
    error = refused(upload.complete)
    assert (error["Code"], error["PartNumber"], error["ETag"]) == ("InvalidPart", "1", "wrong")
    upload.parts = [{"PartNumber": 3, "ETag": "missing"}]
    assert refused(upload.complete)["Code"] == "InvalidPart"
    upload.parts = []
    assert refused(upload.complete)["Code"] == "MalformedXML"


@pytest.mark.parametrize("number", [0, 10_001, -1])
def test_upload_part_number_out_of_range(upload: Upload, refused: Refused, number: int) -> None:
    error = refused(upload.put, number=number, data=b"x")
    assert (error["Code"], error["ArgumentName"]) == ("InvalidArgument", "partNumber")


def test_abort_ends_the_upload(s3: Any, upload: Upload, refused: Refused) -> None:
    upload.put(1, b"one")
    s3.abort_multipart_upload(**upload.named)
    for call in (upload.complete, lambda: upload.put(2, b"two"), lambda: s3.abort_multipart_upload(**upload.named)):
        error = refused(call)
        assert (error["Status"], error["Code"]) == (404, "NoSuchUpload")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=upload.named["Bucket"])


def test_complete_if_none_match(s3: Any, upload: Upload, refused: Refused) -> None:
    upload.put(1, b"part")
    s3.put_object(Bucket=upload.named["Bucket"], Key="k", Body=b"first")
    assert refused(upload.complete, IfNoneMatch="*")["Code"] == "PreconditionFailed"
    assert s3.get_object(Bucket=upload.named["Bucket"], Key="k")["Body"].read() == b"first"


def test_complete_of_the_wrong_size(upload: Upload, refused: Refused) -> None:
    upload.put(1, b"part")
    assert refused(upload.complete, MpuObjectSize=5)["Code"] == "InvalidRequest"
    upload.complete(MpuObjectSize=4)


def test_list_parts_pages(s3: Any, upload: Upload) -> None:
    for number in (3, 1, 2):
        upload.put(number, b"x" * number)
    pages = list(s3.get_paginator("list_parts").paginate(**upload.named, PaginationConfig={"PageSize": 2}))
    assert [[(part["PartNumber"], part["Size"]) for part in page["Parts"]] for page in pages] == [
        [(1, 1), (2, 2)],
        [(3, 3)],
    ]
    assert pages[0]["NextPartNumberMarker"] == 2


def test_list_multipart_uploads_pages(s3: Any, bucket: str) -> None:
    begun = [s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"] for key in ("a", "b", "a", "d/1", "d/2")]
    pages = list(
        s3.get_paginator("list_multipart_uploads").paginate(
            Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1}
        )
    )
    listed = [(entry["Key"], entry["UploadId"]) for page in pages for entry in page.get("Uploads", [])]
    assert listed == [("a", begun[0]), ("a", begun[2]), ("b", begun[1])]
    assert [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])] == ["d/"]
    only = s3.list_multipart_uploads(Bucket=bucket, KeyMarker="a")
    assert [entry["Key"] for entry in only["Uploads"]] == ["b", "d/1", "d/2"]


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "SHA1", "SHA256"])
def test_complete_composite_checksum(s3: Any, bucket: str, algorithm: str) -> None:
    upload = Upload(s3, bucket, ChecksumAlgorithm=algorithm)
    upload.put(1, os.urandom(5 * MIB), ChecksumAlgorithm=algorithm)
    upload.put(2, b"end", ChecksumAlgorithm=algorithm)
    done = upload.complete()
    assert done[f"Checksum{algorithm}"].endswith("-2")
    assert done["ChecksumType"] == "COMPOSITE"
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert head[f"Checksum{algorithm}"] == done[f"Checksum{algorithm}"]


def test_complete_composite_checksum_without_those_of_its_parts(s3: Any, bucket: str, refused: Refused) -> None:
    upload = Upload(s3, bucket, ChecksumAlgorithm="SHA256")
    upload.put(1, b"x", ChecksumAlgorithm="SHA256")
    del upload.parts[0]["ChecksumSHA256"]
    assert refused(upload.complete)["Code"] == "InvalidRequest"


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC64NVME"])
def test_complete_full_object_checksum_is_that_of_a_put(s3: Any, bucket: str, algorithm: str) -> None:
    pieces = [os.urandom(5 * MIB), b"end"]
    put = s3.put_object(Bucket=bucket, Key="whole", Body=b"".join(pieces), ChecksumAlgorithm=algorithm)
    upload = Upload(s3, bucket, ChecksumAlgorithm=algorithm, ChecksumType="FULL_OBJECT")
    for number, piece in enumerate(pieces, 1):
        upload.put(number, piece, ChecksumAlgorithm=algorithm)
    done = upload.complete()
    assert (done["ChecksumType"], done[f"Checksum{algorithm}"]) == ("FULL_OBJECT", put[f"Checksum{algorithm}"])


def test_upload_part_of_another_algorithm(s3: Any, bucket: str, refused: Refused) -> None:
    upload = Upload(s3, bucket, ChecksumAlgorithm="SHA256")
    assert refused(upload.put, number=1, data=b"x", ChecksumAlgorithm="CRC32")["Code"] == "InvalidRequest"


def test_transfer_manager_uploads_and_downloads_in_parts(s3: Any, bucket: str) -> None:
    data = os.urandom(17 * MIB)
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
    s3.upload_fileobj(BytesIO(data), bucket, "k", Config=config)
    assert s3.head_object(Bucket=bucket, Key="k")["ETag"].endswith('-4"')
    back = BytesIO()
    s3.download_fileobj(bucket, "k", back, Config=config)
    assert back.getvalue() == data
