"""gzip, xz, zstd, bzip2, lzma, lzip and compress, told apart by their first bytes: a stream in, a stream out, constant memory.

Names of files are never trusted, only magic numbers (a server may rename what it sends). Several members after one another
(``cat a.gz b.gz``) are one stream, as for gzip(1), xz(1) and zstd(1). Refuses to limit sizes: that is for who writes to disk.
"""

from collections.abc import Iterator

from imagetools.archive.decoders import Decoder, decoder, faults
from imagetools.archive.lzw import LzwDecoder
from imagetools.archive.stream import PIECE, ArchiveError, ByteStream

_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\x5d\x00\x00", "lzma"),
    (b"LZIP\x01", "lzip"),
    (b"\x1f\x9d", "compress"),
)
_LOOK = 6
_STRICT_END = {"xz", "zstd"}


def sniff(head: bytes) -> str | None:
    """The compression that these first bytes (six are enough) begin, or None: gzip, xz, zstd, bzip2, lzma, lzip, compress."""
    if head[:3] == b"BZh" and not head[3:4].isdigit():
        return None
    return next((name for magic, name in _MAGIC if head.startswith(magic)), None)


def decompressed(stream: ByteStream, form: str = "tar archive", *, kind: str | None = None) -> ByteStream:
    """The stream itself where it is not compressed, else what it holds. Raises ``ArchiveError`` while reading damaged data.

    ``kind`` says how it is compressed, where the caller knows better than the first bytes.
    """
    kind = kind or sniff(stream.peek(_LOOK))
    if kind is None:
        stream.form = form
        return stream
    stream.form = f"{kind} data"
    return ByteStream.of_chunks(_decode(stream, kind), form)


def _decode(stream: ByteStream, kind: str) -> Iterator[bytes]:
    inner: Decoder | None = decoder(kind)
    known = faults(kind)
    data = stream.read(PIECE)
    while inner is not None:
        try:
            out = inner.decompress(data, PIECE)
            if out:
                yield out
            data = b""
            if inner.eof:
                inner, data = _next_member(stream, inner.unused_data, kind)
            elif inner.needs_input:
                data = stream.read(PIECE)
                if not data:
                    if type(inner) is LzwDecoder and inner.whole:
                        while out := inner.decompress(b"", PIECE):
                            yield out
                        return
                    raise ArchiveError(stream.form, "it ends early", stream.offset)
        except known as problem:
            raise ArchiveError(stream.form, str(problem), stream.offset) from None


def _next_member(stream: ByteStream, data: bytes, kind: str) -> tuple[Decoder | None, bytes]:
    """A fresh decoder and its first bytes, or None at the end. Zeros between members are padding (xz, tapes)."""
    while True:
        data = data.lstrip(b"\0")
        if len(data) >= _LOOK:
            break
        more = stream.read(PIECE)
        if not more:
            break
        data += more
    if not data:
        return None, b""
    if sniff(data[:_LOOK]) == kind:
        return decoder(kind), data
    if kind in _STRICT_END:
        raise ArchiveError(stream.form, "something else follows its end", stream.offset)
    for _ in iter(lambda: stream.read(PIECE), b""):
        pass
    return None, b""  # gzip(1), bzip2(1) and lzip(1) ignore trailing garbage
