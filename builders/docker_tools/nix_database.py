"""``includeNixDB``: what a Nix inside the image has to be told, so that it takes the image's store paths for valid.

As in nixpkgs: the database, and links that keep the contents from being collected; here also what only the config mentions, and
with the same bytes each time. It lies in the layer of the contents, so that commands can change it; what they bring into the
image is then put in too, unless they have changed the database themselves. What a base image's database says is taken over.
"""

import os
import tempfile
from collections.abc import Iterable
from typing import Final

from imagetools.builtin.api import BuiltinContext
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StorePath
from imagetools.kernel.bytestr import to_bytes
from imagetools.store.portable import write_database

from .base import Base
from .base_database import DATABASE, known_to_base
from .inputs import Inputs
from .made_tree import MadeTree
from .request import ImageRequest
from .root_tree import Collision, CollisionError, File, Folder, Link, RootTree
from .store_view import StoreView

_SCHEMA: Final = b"nix/var/nix/db/schema"
_ROOTS: Final = b"nix/var/nix/gcroots/docker/"
_SCHEMA_TEXT: Final = b"10"
_FOLDER_MODE: Final = 0o755
_FILE_MODE: Final = 0o644
_ORIGIN: Final = b"includeNixDB"


class NixDatabase:
    """The database of one image. ``contents``: the store objects of its contents, which have to be in the image then."""

    def __init__(self, ctx: BuiltinContext, inputs: Inputs, view: StoreView, request: ImageRequest, base: Base) -> None:
        self._ctx: Final = ctx
        self._inputs: Final = inputs
        self._request: Final = request
        self.contents: Final = {
            path for content in request.contents if (path := view.object_of(to_bytes(content))) is not None and path in inputs
        }
        self._folder: Final = os.fsencode(tempfile.mkdtemp(prefix="database-", dir=ctx.scratch))
        self._below: Final = known_to_base(ctx, base)
        self._own: frozenset[StorePath] = frozenset()
        self._infos: dict[StorePath, PathInfo] = {}

    @property
    def identity(self) -> tuple[str, ...]:
        """What the database adds to the identity of its layer."""
        return ("includeNixDB", *(f"{path} {self._infos[path].nar_hash}" for path in sorted(self._infos)))

    def add_to(self, tree: RootTree, mentioned: set[StorePath]) -> None:
        """Put it into ``tree``: with the contents and what the config has ``mentioned``. Raises CollisionError, OSError."""
        self._ctx.log("Generating the Nix database...")
        database, schema = (os.path.join(self._folder, name) for name in (b"db.sqlite", b"schema"))
        self._write(database, mentioned | self.contents)
        with open(schema, "wb") as file:
            file.write(_SCHEMA_TEXT)
        _put(tree, DATABASE, File(_ORIGIN, database, os.path.getsize(database), _FILE_MODE))
        _put(tree, _SCHEMA, File(_ORIGIN, schema, len(_SCHEMA_TEXT), _FILE_MODE))
        roots = [to_bytes(content) for content in self._request.contents]
        roots += [to_bytes(self._ctx.store_dir.join(path)) for path in sorted(mentioned)]
        for target in dict.fromkeys(roots):
            _put(tree, _ROOTS + os.path.basename(target), Link(_ORIGIN, target, None))

    def settle(self, made: MadeTree | None, paths: set[StorePath]) -> None:
        """Write it anew after the commands where the image has other ``paths`` than before. Raises OSError."""
        if made is None or frozenset(self._inputs.closure(paths).members) == self._own:
            return
        place = made.place(DATABASE)
        if place is None or not _same(place, os.path.join(self._folder, b"db.sqlite")):
            self._ctx.log("note: the commands have changed the Nix database; it stays as they left it")
            return
        new = os.path.join(self._folder, b"settled.sqlite")
        self._write(new, paths)
        with open(new, "rb") as source, open(place, "wb") as file:
            file.write(source.read())
        made.measure_again(DATABASE)

    def _write(self, place: bytes, paths: Iterable[StorePath]) -> None:
        members = self._inputs.closure(paths).members
        self._own = frozenset(members)
        self._infos = {**self._below, **members}
        write_database(os.fsdecode(place), self._ctx.store_dir, self._infos.values())


def _put(tree: RootTree, name: bytes, node: File | Link) -> None:
    """``node`` at ``name``, in place of what is there."""
    folder = tree.root
    parts = name.split(b"/")
    for depth, part in enumerate(parts[:-1], 1):
        there = folder.children.setdefault(part, Folder(_ORIGIN, _FOLDER_MODE))
        if not isinstance(there, Folder):
            raise CollisionError([Collision(b"/".join(parts[:depth]), _ORIGIN, there.origin)])
        folder = there
    old = folder.children.get(parts[-1])
    if isinstance(old, Folder):
        raise CollisionError([Collision(name, old.origin, _ORIGIN)])
    folder.children[parts[-1]] = node


def _same(one: bytes, other: bytes) -> bool:
    with open(one, "rb") as left, open(other, "rb") as right:
        return left.read() == right.read()
