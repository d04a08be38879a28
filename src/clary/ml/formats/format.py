"""What a data format does: turn a stream of bytes into batches of rows."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import BinaryIO

from clary.ml.batches import Batch

CHUNK = 8 << 20
"""Bytes that a reader of text holds at a time: enough for every core to parse a part, and a bound on memory."""


class Format(ABC):
    """A way to write rows in a file. Instances hold what the content type and the hyperparameters say of it."""

    @abstractmethod
    def read(self, stream: BinaryIO, file: str) -> Iterator[Batch]:
        """Yield the rows of a stream, in order; nothing where it is empty. `file` names it in errors.

        Raises:
            DataError: it is not in this format; names the file and, where there are lines, the line.
        """


def whole_lines(stream: BinaryIO, size: int = CHUNK) -> Iterator[bytes]:
    """Yield the stream in pieces of about `size` bytes that end where a line ends."""
    rest, piece = b"", stream.read(size)
    while piece:
        following = stream.read(size)
        cut = piece.rfind(b"\n") + 1 if following else len(piece)
        if cut:
            yield rest + piece[:cut] if rest else piece[:cut]
            rest = piece[cut:]
        else:
            rest += piece
        piece = following
