"""The one pass: what goes in comes out, hashed in between, whatever the sizes; and the compressors behind it."""

import gzip
import hashlib
import io
import os
from pathlib import Path

import pytest
import pyzstd
from hypothesis import given, settings
from hypothesis import strategies as st

from imagetools.image_io.block_stream import BLOCK, BlockStream, FileChangedError
from imagetools.image_io.compressors import GzipSink, PlainSink, ZstdSink, open_sink


def text(size: int) -> bytes:
    """Bytes that compress a little, the same every time."""
    return b"".join(hashlib.sha256(bytes([n & 255, n >> 8 & 255, n >> 16])).hexdigest().encode() for n in range(size // 64 + 1))[
        :size
    ]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, BLOCK + 5000), st.booleans()), max_size=6))
def test_digests_cover_exactly_what_lies_between(parts: list[tuple[int, bool]]) -> None:
    out = io.BytesIO()
    wanted = []
    hashers = []
    with BlockStream(PlainSink(out)) as stream:
        for size, hashed in parts:
            data = text(size)
            if hashed:
                hashers.append(stream.start_digest())
                wanted.append(hashlib.sha256(data).digest())
            stream.write(data)
            if hashed:
                stream.stop_digest()
        stream.settle()
        assert [hasher.digest() for hasher in hashers] == wanted
        assert stream.offset == sum(size for size, _ in parts)
    assert out.getvalue() == b"".join(text(size) for size, _ in parts)


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7])
def test_files(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(text(size))
    out = io.BytesIO()
    with BlockStream(PlainSink(out)) as stream:
        stream.write(b"before")
        hasher = stream.start_digest()
        stream.copy_file(os.fsencode(path), size)
        stream.stop_digest()
        stream.write(b"after")
        stream.settle()
        assert hasher.digest() == hashlib.sha256(text(size)).digest()
    assert out.getvalue() == b"before" + text(size) + b"after"


def test_a_file_that_shrank(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"short")
    with pytest.raises(FileChangedError) as caught, BlockStream(PlainSink(io.BytesIO())) as stream:
        stream.copy_file(os.fsencode(path), 6)
    assert str(caught.value) == f"'{path}' changed while it was read: 6 bytes were expected"


def compressed(size: int, threads: int) -> bytes:
    out = io.BytesIO()
    with BlockStream(GzipSink(out, threads)) as stream:
        stream.write(text(size))
    return out.getvalue()


@pytest.mark.parametrize("size", [0, 1, BLOCK, 5 * BLOCK + 13])
def test_gzip_does_not_depend_on_threads_and_names_nothing(size: int) -> None:
    data = compressed(size, 1)
    assert compressed(size, 2) == compressed(size, 5) == data
    assert gzip.decompress(data) == text(size)
    assert data[:8] == b"\x1f\x8b\x08\0\0\0\0\0"


def test_zstd() -> None:
    outputs = []
    for threads in (1, 3):
        out = io.BytesIO()
        with BlockStream(ZstdSink(out, threads)) as stream:
            stream.write(text(3 * BLOCK))
        outputs.append(out.getvalue())
    assert outputs[0] == outputs[1]
    assert pyzstd.decompress(outputs[0]) == text(3 * BLOCK)


class FullDisk(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("compressor", ["none", "gz", "zstd"])
def test_a_full_disk_ends_in_its_own_error(compressor: str) -> None:
    with pytest.raises(OSError, match="No space left on device"), BlockStream(open_sink(FullDisk(), compressor)) as stream:  # type: ignore[arg-type]
        for _ in range(8):
            stream.write(text(BLOCK))
