"""Output as lines: the same lines whatever the chunks, carriage returns, memory."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from imagetools.sandbox.log import MAX_LINE, LineLog


def lines_of(*chunks: bytes, keep: int = 10) -> tuple[list[str], tuple[str, ...]]:
    seen: list[str] = []
    log = LineLog(seen.append, keep)
    for chunk in chunks:
        log.feed(chunk)
    log.finish()
    return seen, log.tail


def test_lines() -> None:
    assert lines_of(b"a\nb", b"c\n\nd")[0] == ["a", "bc", "", "d"]


def test_carriage_returns_start_the_line_again() -> None:
    assert lines_of(b"10%\r20%\r100%\nwindows\r\n")[0] == ["100%", "windows"]


def test_tail_keeps_the_last() -> None:
    assert lines_of(b"".join(b"%d\n" % n for n in range(30)))[1] == tuple(str(n) for n in range(20, 30))


def test_an_endless_line_is_cut() -> None:
    (line,), _ = lines_of(*[b"x" * 100_000] * 20)
    assert line == "x" * MAX_LINE + " [...]"


def test_an_endless_progress_bar_shows_its_end() -> None:
    (line,), _ = lines_of(*[b"\r%06d" % n for n in range(10_000)])
    assert line == "009999"


@given(st.binary(max_size=200), st.lists(st.integers(0, 200)))
def test_chunks_do_not_matter(data: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    chunks = [data[a:b] for a, b in pairwise(places)]
    assert lines_of(*chunks) == lines_of(data)
