"""The walker of listings against an oracle: all keys, sorted and rolled up by hand."""

from bisect import bisect_left
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from clary.services.s3.pages import AFTER, Page, collect
from clary.state.database import Row

keys = st.text(alphabet="a/b\0é\U0010ffff", max_size=6).map(str.encode)


class Index:
    """Sorted keys as a table's index gives them, counting the rows that are read."""

    def __init__(self, stored: Sequence[bytes]) -> None:
        self.keys = sorted(stored)
        self.read = 0

    async def __call__(self, place: tuple[bytes, int], end: bytes, count: int) -> list[Row]:
        key, behind = place
        first = bisect_left(self.keys, key + b"\0" if behind else key)
        rows: list[Row] = [(key, 0) for key in self.keys[first : first + count] if key < end]
        self.read += len(rows)
        return rows


def rolled_up(stored: Sequence[bytes], prefix: bytes, delimiter: bytes) -> list[bytes]:
    found = []
    for key in sorted(stored):
        if not key.startswith(prefix):
            continue
        cut = key.find(delimiter, len(prefix)) if delimiter else -1
        entry = key if cut < 0 else key[: cut + len(delimiter)]
        if entry not in found:
            found.append(entry)
    return found


def names(page: Page) -> list[bytes]:
    return [entry if isinstance(entry, bytes) else entry[0] for entry in page.entries]


@given(st.sets(keys, max_size=60), keys, st.sampled_from([b"", b"/", b"a", b"//", "é".encode()]), st.integers(1, 7))
async def test_collect_pages_give_every_entry_once(
    stored: set[bytes], prefix: bytes, delimiter: bytes, limit: int
) -> None:
    fetch = Index(list(stored))
    start, found = (b"", 0), []
    while True:
        page = await collect(fetch, 0, prefix=prefix, delimiter=delimiter, start=start, limit=limit)
        assert len(page.entries) <= limit
        found += names(page)
        if not page.truncated:
            break
        last = page.entries[-1]
        start = (last + AFTER, 0) if isinstance(last, bytes) else (last[0], 1)
    assert found == rolled_up(list(stored), prefix, delimiter)


async def test_collect_behind_delimiter_reads_few_rows() -> None:
    fetch = Index([b"%d/%05d" % (group, n) for group in range(9) for n in range(2000)])
    page = await collect(fetch, 0, prefix=b"", delimiter=b"/", start=(b"", 0), limit=1000)
    assert page.prefixes == [b"%d/" % group for group in range(9)]
    assert fetch.read < 300


async def test_collect_limit_zero_is_empty_and_whole() -> None:
    page = await collect(Index([b"a"]), 0, prefix=b"", delimiter=b"", start=(b"", 0), limit=0)
    assert page == Page([], truncated=False)
