"""Small trees for the store's tests."""

import os
from pathlib import Path

from imagetools.formats.nar.sink import NarSink
from imagetools.formats.nar.writer import NarWriter

Tree = bytes | tuple[bytes, bool] | str | dict[bytes, "Tree"]
"""File contents, (contents, executable), symlink target as str, or directory."""


def make(path: Path | bytes, tree: Tree) -> None:
    """Lay ``tree`` on the disk, not canonical at all."""
    where = os.fsencode(path)
    if isinstance(tree, dict):
        os.mkdir(where)
        for name, member in tree.items():
            make(where + b"/" + name, member)
    elif isinstance(tree, str):
        os.symlink(tree, where)
    else:
        data, executable = tree if isinstance(tree, tuple) else (tree, False)
        with open(where, "wb") as file:
            file.write(data)
        os.chmod(where, 0o755 if executable else 0o640)


def push(tree: Tree, sink: NarSink) -> None:
    """Tell ``tree`` to a NAR sink."""
    if isinstance(tree, dict):
        sink.directory()
        for name in sorted(tree):
            sink.entry(name)
            push(tree[name], sink)
        sink.close()
    elif isinstance(tree, str):
        sink.symlink(os.fsencode(tree))
    else:
        data, executable = tree if isinstance(tree, tuple) else (tree, False)
        sink.contents(data, executable)


def nar_of(tree: Tree) -> bytes:
    """The NAR, by the format's own writer."""
    pieces = bytearray()
    writer = NarWriter(pieces.extend)
    push(tree, writer)
    writer.finish()
    return bytes(pieces)


def read(path: Path | bytes) -> Tree:
    """The tree on the disk."""
    where = os.fsencode(path)
    if os.path.islink(where):
        return os.fsdecode(os.readlink(where))
    if os.path.isdir(where):
        return {name: read(where + b"/" + name) for name in os.listdir(where)}
    with open(where, "rb") as file:
        data = file.read()
    return (data, True) if os.lstat(where).st_mode & 0o100 else data


SAMPLE: Tree = {
    b"bin": {b"tool": (b"#!/bin/sh\necho hi\n", True)},
    b"empty": {},
    b"link": "bin/tool",
    b"nothing": b"",
    b"seven": b"1234567",
    b"eight": b"12345678",
    b"not-utf-8-\xff\xfe": b"\0\1\2",
    b"Z": b"upper case sorts first",
}
