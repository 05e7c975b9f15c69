import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.archive.stream import ArchiveError, ByteStream


@given(st.lists(st.binary(max_size=20)), st.lists(st.tuples(st.booleans(), st.integers(0, 30))))
def test_any_chunking_reads_the_same(chunks: list[bytes], steps: list[tuple[bool, int]]) -> None:
    whole = b"".join(chunks)
    stream = ByteStream.of_chunks(chunks)
    place = 0
    for look, size in steps:
        if look:
            assert stream.peek(size) == whole[place : place + size]
        else:
            piece = stream.read(size)
            assert piece == whole[place : place + len(piece)]
            assert piece or size == 0 or place == len(whole)
            place += len(piece)
            assert stream.offset == place


def test_ends_early() -> None:
    stream = ByteStream.of_chunks([b"abc"], "tape")
    with pytest.raises(ArchiveError) as caught:
        stream.exactly(5)
    assert caught.value.message == "bad tape at byte 3: it ends early, 2 bytes are missing"
    with pytest.raises(ArchiveError):
        ByteStream.of_chunks([b"abc"]).skip(4)
