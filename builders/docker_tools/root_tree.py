"""The image's root folder as it grows from several contents: folders merge, and who wins is decided in one place.

Two subclasses differ in what stands for a file: ``LinkedTree`` (a link into the store) and ``CopiedTree`` (the file itself). The
tree lives in memory, file contents do not.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from imagetools.builtin.api import BuiltinError
from imagetools.image_io.entries import REGULAR, Entry, directory, symlink
from imagetools.kernel.bytestr import display, to_bytes, to_str

from .store_view import StoreView

_MOST_SHOWN: Final = 10


class NoFolderError(BuiltinError):
    """``path``, one of the contents, is no folder: there is nothing of it that could lie in the image's root. ``stored``: it is
    in the store at least."""

    def __init__(self, path: str, stored: bool = True) -> None:
        super().__init__(
            f"'{display(path)}' cannot be the contents of an image: it is not {'a folder' if stored else 'in the store'}",
            "put the file into a folder, for example with writeTextDir or runCommand"
            if stored
            else "a path that is written without quotes is copied there",
        )
        self.path = path


@dataclass(frozen=True, slots=True)
class Collision:
    """``name`` (in the image) is a folder in ``folder`` and something else in ``other``: the logical paths where it is so."""

    name: bytes
    folder: bytes
    other: bytes

    def __str__(self) -> str:
        name, folder, other = (display(to_str(text)) for text in (self.name, self.folder, self.other))
        return f"'/{name}' is a folder in '{folder}', but not in '{other}'"


class CollisionError(BuiltinError):
    """Contents that cannot lie in one root; ``collisions`` are all of them."""

    def __init__(self, collisions: Sequence[Collision]) -> None:
        shown = "; ".join(str(collision) for collision in collisions[:_MOST_SHOWN])
        more = f"; and {len(collisions) - _MOST_SHOWN} more" if len(collisions) > _MOST_SHOWN else ""
        super().__init__(
            f"the contents of the image collide: {shown}{more}",
            "leave one of the packages out, or take what you need of it: a folder inside a package can be contents too",
        )
        self.collisions = tuple(collisions)


class Folder:
    """``origin`` is the logical path of the first folder that was merged here; ``mode`` is its own where it has one."""

    def __init__(self, origin: bytes, mode: int | None = None) -> None:
        self.origin: Final = origin
        self.mode: Final = mode
        self.children: dict[bytes, Node] = {}


class File:
    def __init__(self, origin: bytes, source: bytes, size: int, mode: int) -> None:
        self.origin: Final = origin
        self.source: Final = source
        self.size: Final = size
        self.mode: Final = mode


class Link:
    """``leads_to``: the logical path of the folder where the link ends, None for anything else."""

    def __init__(self, origin: bytes, target: bytes, leads_to: bytes | None) -> None:
        self.origin: Final = origin
        self.target: Final = target
        self.leads_to: Final = leads_to


Node = Folder | File | Link


class RootTree:
    """Add contents one after another, then ask for ``entries``. ``warn`` gets sentences for the build log."""

    def __init__(self, view: StoreView, warn: Callable[[str], object]) -> None:
        self.root = Folder(b"")
        self.view = view
        self.warn = warn
        self.collisions: list[Collision] = []

    def add(self, content: str) -> None:
        """Merge the folder at the logical path ``content``. Raises NoFolderError, OSError."""
        logical = self.view.folder(to_bytes(content))
        if logical is None:
            raise NoFolderError(content, self.view.object_of(to_bytes(content)) is not None)
        self.merge(self.root, b"", logical, (logical,))

    def merge(self, folder: Folder, name: bytes, logical: bytes, trail: tuple[bytes, ...]) -> None:
        """``logical`` goes into ``folder``, which is ``name`` in the image; ``trail`` are the logical folders that led here."""
        raise NotImplementedError

    def listing(self, logical: bytes) -> list[os.DirEntry[bytes]]:
        """What is in a folder of the store, in order."""
        place = self.view.physical(logical)
        if place is None:
            raise NoFolderError(to_str(logical))
        with os.scandir(place) as found:
            return sorted(found, key=lambda entry: entry.name)

    def has(self, name: bytes) -> bool:
        """Whether the image already has ``name`` (relative, no slash in front)."""
        node: Node | None = self.root
        for part in name.split(b"/"):
            node = node.children.get(part) if isinstance(node, Folder) else None
        return node is not None

    def check(self) -> None:
        """Once all contents were added. Raises CollisionError."""
        if self.collisions:
            raise CollisionError(self.collisions)

    def nodes(self) -> Iterator[tuple[bytes, Node]]:
        """Every node with its name in the image, in the order of a layer; the root is not among them. Raises CollisionError."""
        self.check()
        todo = _stack(b"", self.root)
        while todo:
            name, node = todo.pop()
            yield name, node
            if isinstance(node, Folder):
                todo.extend(_stack(name + b"/", node))

    def entries(self, root_mode: int, folder_mode: int) -> Iterator[Entry]:
        """The members of a layer, the root first. Raises CollisionError."""
        yield directory(b"", root_mode)
        for name, node in self.nodes():
            if isinstance(node, Folder):
                yield directory(name, folder_mode if node.mode is None else node.mode)
            elif isinstance(node, Link):
                yield symlink(name, node.target)
            else:
                yield Entry(name, REGULAR, node.mode, node.size, node.source)


def _stack(prefix: bytes, folder: Folder) -> list[tuple[bytes, Node]]:
    return [(prefix + name, folder.children[name]) for name in sorted(folder.children, reverse=True)]


def image_name(folder_name: bytes, child: bytes) -> bytes:
    """``child`` of a folder of the image, as a name in the image."""
    return folder_name + b"/" + child if folder_name else child
