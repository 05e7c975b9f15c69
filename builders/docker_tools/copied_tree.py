"""The root of a buildImage image: the contents themselves, copied (row 2.009).

As nixpkgs copies them with rsync: links to folders become folders unless ``keep_links``, other links stay, and of two files the
later one wins. ``exact`` says whether every object was taken whole and unchanged, so that its recorded references are those of
the copy; otherwise the copy has to be searched for references.
"""

import os
from collections.abc import Callable

from imagetools.image_io.entries import StrangeFileError, store_mode
from imagetools.kernel.bytestr import display, to_str

from .root_tree import Collision, File, Folder, Link, Node, RootTree, image_name
from .store_view import StoreView


class CopiedTree(RootTree):
    """A RootTree of folders, files and links."""

    def __init__(self, view: StoreView, warn: Callable[[str], object], keep_links: bool) -> None:
        super().__init__(view, warn)
        self.keep_links = keep_links
        self.exact = True

    def merge(self, folder: Folder, name: bytes, logical: bytes, trail: tuple[bytes, ...]) -> None:
        for entry in self.listing(logical):
            here = logical + b"/" + entry.name
            inside = image_name(name, entry.name)
            if entry.is_dir(follow_symlinks=False):
                self._merge_folder(folder, entry.name, inside, here, here, trail)
            elif entry.is_symlink():
                leads_to = self.view.folder(here)
                there = folder.children.get(entry.name)
                taken = leads_to is not None and (not self.keep_links or isinstance(there, Folder))
                if leads_to is not None and taken and leads_to not in trail:
                    self.exact = False
                    self._merge_folder(folder, entry.name, inside, here, leads_to, trail)
                else:
                    self._put(folder, entry.name, inside, Link(here, os.readlink(entry.path), leads_to))
            elif entry.is_file(follow_symlinks=False):
                found = entry.stat(follow_symlinks=False)
                self._put(folder, entry.name, inside, File(here, entry.path, found.st_size, store_mode(found.st_mode)))
            else:
                raise StrangeFileError(entry.path)

    def _merge_folder(
        self, folder: Folder, child: bytes, inside: bytes, here: bytes, logical: bytes, trail: tuple[bytes, ...]
    ) -> None:
        there = folder.children.get(child)
        if not isinstance(there, Folder):
            made = Folder(here)
            folder.children[child] = made
            if isinstance(there, Link) and there.leads_to is not None:
                self.exact = False
                self.merge(made, inside, there.leads_to, (there.leads_to,))
            elif there is not None:
                self._replaced(inside, there, here)
            there = made
        self.merge(there, inside, logical, (*trail, logical))

    def _put(self, folder: Folder, child: bytes, inside: bytes, node: File | Link) -> None:
        there = folder.children.get(child)
        if isinstance(there, Folder):
            self.collisions.append(Collision(inside, there.origin, node.origin))
            return
        if there is not None and there.origin != node.origin:
            self._replaced(inside, there, node.origin)
        folder.children[child] = node

    def _replaced(self, inside: bytes, there: Node, by: bytes) -> None:
        self.exact = False
        texts = [display(to_str(text)) for text in (inside, by, there.origin)]
        self.warn(f"warning: /{texts[0]} is taken from {texts[1]}; {texts[2]} is left out")
