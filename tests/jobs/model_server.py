"""A model server of the standard library alone: SageMaker's contract over the socket that `CLARY_SOCKET` names.

What it does is asked for in the body of a request, so that a test needs no second program.
"""

import os
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer

HEALTHY_AFTER = float(os.environ.get("HEALTHY_AFTER", "0"))
STARTED = time.monotonic()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self) -> str:
        return "unix"

    def do_GET(self) -> None:
        self.answer(200 if time.monotonic() - STARTED >= HEALTHY_AFTER else 503, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        word, _, argument = body.partition(b" ")
        if word == b"crash":
            os._exit(3)
        elif word == b"sleep":
            time.sleep(float(argument))
            self.answer(200, b"slept")
        elif word == b"status":
            self.answer(int(argument), b"no")
        elif word == b"name":
            self.answer(200, os.environ["NAME"].encode())
        elif word == b"close":
            self.close_connection = True
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"until the end")
        elif word == b"chunks":
            self.chunks(int(argument))
        elif word == b"garbage":
            self.wfile.write(b"this is not HTTP\r\n\r\n")
        elif word == b"wait":
            while not Path(argument.decode()).exists():
                time.sleep(0.002)
            self.answer(200, b"waited")
        else:
            self.answer(200, body, self.headers.get("x-echo", ""))

    def chunks(self, count: int) -> None:
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for index in range(count):
            part = b"part %d;" % index
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def answer(self, status: int, body: bytes, echo: str = "") -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("X-Echo", echo)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, text: str, *arguments: object) -> None:
        sys.stdout.write(f"served {self.path}\n")
        sys.stdout.flush()


class Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    if "FAIL" in os.environ:
        sys.exit(os.environ["FAIL"])
    Server(os.environ["CLARY_SOCKET"], Handler).serve_forever()
