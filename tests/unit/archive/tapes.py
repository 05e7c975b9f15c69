"""Tar and .deb archives by hand, so that a test can make what no well-behaved program would."""

import bz2
import gzip
import lzma
from collections.abc import Callable, Iterable

import pyzstd

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "none": lambda data: data,
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "xz": lzma.compress,
    "zstd": pyzstd.compress,
    "bzip2": bz2.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
}


def header(
    name: bytes,
    size: int = 0,
    flag: bytes = b"0",
    target: bytes = b"",
    mode: int = 0o644,
    magic: bytes = b"ustar\x0000",
    prefix: bytes = b"",
) -> bytes:
    block = bytearray(512)
    block[0 : len(name)] = name
    block[100:108] = b"%07o\0" % mode
    block[108:124] = b"0000000\0" * 2
    block[124:136] = b"%011o\0" % size
    block[136:148] = b"%011o\0" % 7
    block[148:156] = b" " * 8
    block[156:157] = flag
    block[157 : 157 + len(target)] = target
    block[257 : 257 + len(magic)] = magic
    block[345 : 345 + len(prefix)] = prefix
    return checked(block)


def checked(block: bytes | bytearray) -> bytes:
    """The block with its checksum put right."""
    made = bytearray(block)
    made[148:156] = b" " * 8
    made[148:156] = b"%06o\0 " % sum(made)
    return bytes(made)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def file(name: bytes, data: bytes = b"", mode: int = 0o644) -> bytes:
    return header(name, len(data), mode=mode) + padded(data)


def folder(name: bytes) -> bytes:
    return header(name, flag=b"5", mode=0o755)


def symlink(name: bytes, target: bytes) -> bytes:
    return header(name, flag=b"2", target=target)


def hardlink(name: bytes, target: bytes) -> bytes:
    return header(name, flag=b"1", target=target)


def pax(flag: bytes = b"x", **records: bytes) -> bytes:
    data = b"".join(record(key.replace("__", "."), value) for key, value in records.items())
    return header(b"pax", len(data), flag=flag) + padded(data)


def record(key: str, value: bytes) -> bytes:
    body = b" " + key.encode() + b"=" + value + b"\n"
    size = len(body)
    while len(str(size)) + len(body) != size:
        size = len(str(size)) + len(body)
    return str(size).encode() + body


def tape(*parts: bytes) -> bytes:
    return b"".join(parts) + bytes(1024)


def ar(members: Iterable[tuple[bytes, bytes]]) -> bytes:
    out = b"!<arch>\n"
    for name, data in members:
        out += (
            name.ljust(16) + b"0".ljust(12) + b"0".ljust(6) * 2 + b"100644".ljust(8) + str(len(data)).encode().ljust(10) + b"`\n"
        )
        out += data + b"\n" * (len(data) % 2)
    return out


def deb(data: bytes, name: bytes = b"data.tar.xz", compress: Callable[[bytes], bytes] = lzma.compress) -> bytes:
    control = gzip.compress(tape(file(b"./control", b"Package: x\n")), mtime=0)
    return ar([(b"debian-binary", b"2.0\n"), (b"control.tar.gz", control), (name, compress(data))])
