"""Objects of 256 MiB: the rate of one client, against moto's server, s3rver (npm) and one core's MD5; the memory that
many clients cost.

A PUT says the CRC32 of its bytes, gets their MD5 as the ETag, and is on disk when it is answered. s3rver makes the ETag
alone and flushes nothing to disk.
"""

import base64
import hashlib
import os
import socket
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.client import Config

from benchmarks import clary, peers
from benchmarks.process import ServerProcess, resident_bytes
from benchmarks.table import Figure, alternate

SIZE = 256 * 2**20
PIECE = 2**20
ROUNDS = 3
CLIENTS = 32
BODY = memoryview(os.urandom(PIECE) * (SIZE // PIECE))


class Bucket:
    """The bucket `bench` of a server, reached by presigned URLs: what is signed does not include the bytes."""

    def __init__(self, process: ServerProcess, key: str, secret: str) -> None:
        self.process = process
        self.checksum = base64.b64encode(zlib.crc32(BODY).to_bytes(4)).decode()
        session = boto3.session.Session(key, secret, region_name="us-east-1")
        config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
        self.s3: Any = session.client("s3", endpoint_url=process.url, config=config)

    def put(self, key: str = "large") -> float:
        """Upload an object; return bytes a second."""
        url = self._sign("put_object", Key=key, ChecksumCRC32=self.checksum)
        headers = f"Content-Length: {SIZE}\r\nx-amz-checksum-crc32: {self.checksum}\r\n"
        with self._ask(f"PUT {url}", headers) as client:
            begin = time.perf_counter()
            for at in range(0, SIZE, PIECE):
                client.sendall(BODY[at : at + PIECE])
            answer = client.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200"), answer
            return SIZE / (time.perf_counter() - begin)

    def get(self, key: str = "large") -> float:
        """Download an object; return bytes a second."""
        begin = time.perf_counter()
        with self._ask(f"GET {self._sign('get_object', Key=key)}", "") as client:
            buffer = bytearray(PIECE)
            count = client.recv_into(buffer)
            assert buffer.startswith(b"HTTP/1.1 200"), buffer[:1000]
            while received := client.recv_into(buffer):
                count += received
        assert count > SIZE
        return SIZE / (time.perf_counter() - begin)

    def _sign(self, operation: str, **params: str) -> str:
        url = urlsplit(self.s3.generate_presigned_url(operation, {"Bucket": "bench", **params}))
        return f"{url.path}?{url.query}"

    def _ask(self, line: str, headers: str) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.process.port))
        head = f"{line} HTTP/1.1\r\nHost: 127.0.0.1:{self.process.port}\r\nConnection: close\r\n{headers}\r\n"
        client.sendall(head.encode())
        return client


def run() -> list[Figure]:
    with clary.running() as process:
        ours = Bucket(process, clary.KEY, clary.SECRET)
        ours.s3.create_bucket(Bucket="bench")
        ours.put()
        figures = [
            memory("32 clients that download 256 MiB each", ours, lambda _: ours.get()),
            memory("32 clients that upload 256 MiB each", ours, lambda number: ours.put(f"of-{number}")),
        ]
        for number in range(CLIENTS):
            ours.s3.delete_object(Bucket="bench", Key=f"of-{number}")
        figures += [*against_moto(ours), *against_s3rver(ours)]
        figures.append(rate("PUT", "one core's MD5", 0.4, 0.8, ours.put, md5))
    return figures


def against_moto(ours: Bucket) -> list[Figure]:
    with peers.moto() as process:
        moto = Bucket(process, "bench", "bench")
        moto.s3.create_bucket(Bucket="bench")
        moto.put()
        return [rate("GET", "moto's server", 2, 3, ours.get, moto.get)]


def against_s3rver(ours: Bucket) -> list[Figure]:
    if not peers.S3RVER.exists():
        print("s3rver is not installed (make bench installs it where there is npm)", file=sys.stderr)
        return []
    with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as folder, peers.s3rver(Path(folder)) as process:
        s3rver = Bucket(process, "S3RVER", "S3RVER")
        return [
            rate("PUT", "s3rver", 1.5, 2.5, ours.put, s3rver.put),
            rate("GET", "s3rver", 3, 5, ours.get, s3rver.get),
        ]


def rate(
    kind: str, name: str, must: float, aim: float, ours: Callable[[], float], theirs: Callable[[], float]
) -> Figure:
    a, b, ratio = alternate(ROUNDS, ours, theirs)
    durable = " with ETag and checksum, durable" if kind == "PUT" else ""
    what = f"S3 {kind} 256 MiB{durable}: rate, against {name}"
    return Figure(what, ratio, must, aim, better="more", detail=f"{a / 1e6:,.0f} MB/s against {b / 1e6:,.0f} MB/s")


def md5() -> float:
    begin = time.perf_counter()
    hashlib.md5(BODY, usedforsecurity=False).digest()
    return SIZE / (time.perf_counter() - begin)


def memory(who: str, bucket: Bucket, work: Callable[[int], float]) -> Figure:
    """Return by how much the server's resident memory rises over what it has when idle."""
    pid = bucket.process.process.pid
    idle = peak = resident_bytes(pid)
    ended = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.02):
            peak = max(peak, resident_bytes(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(CLIENTS) as pool:
        rates = list(pool.map(work, range(CLIENTS)))
    ended.set()
    watcher.join()
    detail = f"{idle / 1e6:.0f} MB idle, {peak / 1e6:.0f} MB at most; {min(rates) / 1e6:.0f} MB/s or more a client"
    return Figure(f"S3 memory for {who}, above idle", (peak - idle) / 1e6, 150, 64, unit="MB", detail=detail)
