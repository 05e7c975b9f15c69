"""The image's root folder as it grows from several contents: folders merge, and who wins is decided in one place.

Two subclasses differ in what stands for a file: ``LinkedTree`` (a link into the store) and ``CopiedTree`` (the file itself). The
tree lives in memory, file contents do not.
"""

import os
from collections.abc import Callable, Iterator
from typing import Final

from imagetools.builtin.api import BuiltinError
from imagetools.image_io.entries import REGULAR, Entry, directory, symlink
from imagetools.kernel.bytestr import display, to_bytes, to_str

from .store_view import StoreView


class NoFolderError(BuiltinError):
    """``path``, one of the contents, is no folder: there is nothing of it that could lie in the image's root."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"'{display(path)}' cannot be the contents of an image: it is not a folder",
            "put the file into a folder, for example with writeTextDir or runCommand",
        )
        self.path = path


class CollisionError(BuiltinError):
    """``name`` is a folder in ``first`` and something else in ``second``."""

    def __init__(self, name: bytes, first: bytes, second: bytes) -> None:
        shown = [display(to_str(text)) for text in (name, first, second)]
        super().__init__(f"the contents of the image collide: '/{shown[0]}' is a folder in '{shown[1]}', but not in '{shown[2]}'")
        self.name = name


class Folder:
    """``origin`` is the logical path of the first folder that was merged here."""

    def __init__(self, origin: bytes) -> None:
        self.origin: Final = origin
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

    def add(self, content: str) -> None:
        """Merge the folder at the logical path ``content``. Raises NoFolderError, CollisionError, OSError."""
        logical = self.view.folder(to_bytes(content))
        if logical is None:
            raise NoFolderError(content)
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

    def nodes(self) -> Iterator[tuple[bytes, Node]]:
        """Every node with its name in the image, in the order of a layer; the root is not among them."""
        todo = _stack(b"", self.root)
        while todo:
            name, node = todo.pop()
            yield name, node
            if isinstance(node, Folder):
                todo.extend(_stack(name + b"/", node))

    def entries(self, root_mode: int, folder_mode: int) -> Iterator[Entry]:
        """The members of a layer, the root first."""
        yield directory(b"", root_mode)
        for name, node in self.nodes():
            if isinstance(node, Folder):
                yield directory(name, folder_mode)
            elif isinstance(node, Link):
                yield symlink(name, node.target)
            else:
                yield Entry(name, REGULAR, node.mode, node.size, node.source)


def _stack(prefix: bytes, folder: Folder) -> list[tuple[bytes, Node]]:
    return [(prefix + name, folder.children[name]) for name in sorted(folder.children, reverse=True)]


def image_name(folder_name: bytes, child: bytes) -> bytes:
    """``child`` of a folder of the image, as a name in the image."""
    return folder_name + b"/" + child if folder_name else child
