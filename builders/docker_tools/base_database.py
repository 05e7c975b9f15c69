"""What the Nix database of a base image says: without it, a Nix in the image would not know the store paths of the base."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from typing import Final

from imagetools.archive.member import Kind
from imagetools.archive.stream import ByteStream
from imagetools.archive.tarball import read_tar
from imagetools.builtin.api import BuiltinContext
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StorePath
from imagetools.image_io.base_image import BaseImage, BaseLayer
from imagetools.image_io.base_scan import member_parts
from imagetools.store.portable import read_database

from .base import Base

DATABASE: Final = b"nix/var/nix/db/db.sqlite"


def known_to_base(ctx: BuiltinContext, base: Base) -> Mapping[StorePath, PathInfo]:
    """The store paths that the base holds and its database knows, closed under references. Raises ArchiveError, OSError."""
    image = base.image
    if image is None or not image.store_paths:
        return {}
    with tempfile.NamedTemporaryFile(prefix="base-", suffix=".sqlite", dir=ctx.scratch) as file:
        found = False
        for piece in _database_of(image):
            found = True
            file.write(piece)
        file.flush()
        if not found:
            ctx.log("note: the base image has store paths, but no Nix database: a Nix in the image will not know them")
            return {}
        try:
            infos = read_database(os.fsdecode(file.name), ctx.store_dir)
        except sqlite3.Error as error:
            ctx.log(f"warning: the Nix database of the base image cannot be read ({error}): its store paths will not be known")
            return {}
    return _closed({path: info for path, info in infos.items() if base.has(path)})


def _database_of(image: BaseImage) -> Iterator[bytes]:
    """Its bytes, from the highest layer that has it; nothing where none has."""
    for layer in reversed(image.layers):
        if _has_database(layer):
            for member in read_tar(ByteStream.of_chunks(layer.tar())):
                if member.kind is Kind.FILE and b"/".join(member_parts(layer.member, member.name)) == DATABASE:
                    yield from member.body
                    return


def _has_database(layer: BaseLayer) -> bool:
    names = (member_parts(layer.member, member.name) for member in read_tar(layer.headers()) if member.kind is Kind.FILE)
    return any(b"/".join(parts) == DATABASE for parts in names)


def _closed(infos: dict[StorePath, PathInfo]) -> dict[StorePath, PathInfo]:
    """Without those that refer to something else, and those that refer to such ones."""
    while True:
        broken = [path for path, info in infos.items() if any(reference not in infos for reference in info.references)]
        if not broken:
            return infos
        for path in broken:
            del infos[path]
