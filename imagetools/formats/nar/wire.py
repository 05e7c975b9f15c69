"""The atoms of a NAR: 8-byte little-endian lengths, strings padded with zero bytes to a multiple of 8, and the fixed sequences.

Every token of the format is such a string, so the sequences between two variable parts are constants: writer and reader compare
and emit them whole. Source: Nix manual, "Nix Archive (NAR) format".
"""

import struct
from typing import Final

LENGTH: Final = struct.Struct("<Q")
PADDING: Final[tuple[bytes, ...]] = tuple(bytes(-size % 8) for size in range(8))


def string(data: bytes) -> bytes:
    """``data`` with its length before it and padding after it."""
    size = len(data)
    return LENGTH.pack(size) + data + PADDING[size & 7]


def strings(*items: bytes) -> bytes:
    """Several strings, one after another."""
    return b"".join([string(item) for item in items])


MAGIC: Final = string(b"nix-archive-1")
CLOSE: Final = string(b")")
REGULAR: Final = strings(b"(", b"type", b"regular", b"contents")
EXECUTABLE: Final = strings(b"(", b"type", b"regular", b"executable", b"", b"contents")
SYMLINK: Final = strings(b"(", b"type", b"symlink", b"target")
DIRECTORY: Final = strings(b"(", b"type", b"directory")
ENTRY: Final = strings(b"entry", b"(", b"name")
NODE: Final = string(b"node")

MAX_NAME: Final = 255
MAX_TARGET: Final = 4095
MAX_SIZE: Final = (1 << 63) - 1


def name_problem(name: bytes) -> str | None:
    """Why ``name`` cannot be the name of a directory entry, or None. The bound on its length is every file system's."""
    if not name:
        return "is empty"
    if name in (b".", b".."):
        return "stands for a directory itself"
    if b"/" in name:
        return "contains a slash"
    if b"\0" in name:
        return "contains a zero byte"
    if len(name) > MAX_NAME:
        return f"is longer than {MAX_NAME} bytes"
    return None


def target_problem(target: bytes) -> str | None:
    """Why ``target`` cannot be the target of a symbolic link, or None."""
    if not target:
        return "is empty"
    if b"\0" in target:
        return "contains a zero byte"
    if len(target) > MAX_TARGET:
        return f"is longer than {MAX_TARGET} bytes"
    return None
