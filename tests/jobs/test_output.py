import asyncio
import itertools
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clary.jobs.output import LINE_BYTES, Output
from clary.jobs.program import Line
from clary.state.clock import SystemClock


async def read_back(*chunks: bytes) -> list[str]:
    """Write chunks to a pipe from a thread, as a program would, and return the lines that come out."""
    reading, writing = os.pipe()
    output = Output(reading, SystemClock())

    def write() -> None:
        with os.fdopen(writing, "wb", buffering=0) as pipe:
            for chunk in chunks:
                view = memoryview(chunk)
                while view:
                    view = view[pipe.write(view) :]

    writer = asyncio.create_task(asyncio.to_thread(write))
    lines = [line.text async for batch in output.batches() for line in batch]
    await writer
    return lines


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        (b"", []),
        (b"a\nb\n", ["a", "b"]),
        (b"a\n\nno line end", ["a", "", "no line end"]),
        (b"dos\r\nkept\rinside\n", ["dos", "kept\rinside"]),
        (b"\xff\xfe bytes\n", ["\ufffd\ufffd bytes"]),
        ("ä€🙂\n".encode(), ["ä€🙂"]),
        (b"cut off \xf0\x9f", ["cut off \ufffd"]),
        (b"unusual\x0bline\x0cends\x1c\xc2\x85\xe2\x80\xa8stay\n", ["unusual\x0bline\x0cends\x1c\x85\u2028stay"]),
    ],
)
async def test_output_is_lines_of_text(written: bytes, lines: list[str]) -> None:
    assert await read_back(written) == lines


async def test_long_line_is_split_between_characters() -> None:
    text = "€" * LINE_BYTES
    lines = await read_back(text.encode() + b"\nafter\n")
    assert "".join(lines[:-1]) == text
    assert lines[-1] == "after"
    assert all(len(line.encode()) in {LINE_BYTES - 1, LINE_BYTES} for line in lines[:-2])


@settings(max_examples=40, deadline=None)
@given(lengths=st.lists(st.integers(0, 3 * LINE_BYTES) | st.integers(0, 3), max_size=5), cut=st.integers(1, LINE_BYTES))
def test_output_does_not_depend_on_how_it_arrives(lengths: list[int], cut: int) -> None:
    data = b"".join(b"x" * length + b"\n" for length in lengths)
    pieces = [data[start : start + cut] for start in range(0, len(data), cut)]
    lines = [len(line) for line in asyncio.run(read_back(*pieces))]
    full = [max(0, length - 1) // LINE_BYTES for length in lengths]
    parts = [[LINE_BYTES] * n + [length - n * LINE_BYTES] for n, length in zip(full, lengths, strict=True)]
    assert lines == list(itertools.chain(*parts))


async def test_consumer_that_lags_loses_nothing() -> None:
    count = 400_000
    reading, writing = os.pipe()
    output = Output(reading, SystemClock())
    process = await asyncio.create_subprocess_exec("seq", "-f", "line %.0f", str(count), stdout=writing)
    os.close(writing)
    lines: list[Line] = []
    async for batch in output.batches():
        lines += batch
        await asyncio.sleep(0.001)
    await process.wait()
    assert len(lines) == count
    assert (lines[0].text, lines[-1].text) == ("line 1", f"line {count}")


async def test_reader_that_leaves_does_not_stop_the_program() -> None:
    reading, writing = os.pipe()
    output = Output(reading, SystemClock())
    process = await asyncio.create_subprocess_exec("seq", "1000000", stdout=writing)
    os.close(writing)
    batches = output.batches()
    assert (await anext(batches))[0].text == "1"
    await batches.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert await asyncio.wait_for(process.wait(), 20) == 0
