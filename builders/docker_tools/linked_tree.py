"""The root of a layered image: real folders, and a symbolic link into the store for every file (row 2.036).

As nixpkgs' symlinkJoin (lndir) makes it: the first of the contents that has a file wins, links are taken over with their text.
Two things that go wrong there work here: a relative link that leaves its package keeps its meaning, and a link to a folder gives
way to a real folder where a second package has files in it.
"""

import os

from imagetools.kernel.bytestr import display, to_str

from .root_tree import Folder, Link, RootTree, image_name


class LinkedTree(RootTree):
    """A RootTree of folders and links."""

    def merge(self, folder: Folder, name: bytes, logical: bytes, trail: tuple[bytes, ...]) -> None:
        for entry in self.listing(logical):
            here = logical + b"/" + entry.name
            inside = image_name(name, entry.name)
            if entry.is_dir(follow_symlinks=False):
                below = self._open(folder, entry.name, inside, here)
                if below is not None:
                    self.merge(below, inside, here, trail)
            elif entry.is_symlink():
                text = os.readlink(entry.path)
                kept = text if _stays_inside(text, here, trail[-1]) else here
                self._put(folder, entry.name, inside, Link(here, kept, self.view.folder(here)))
            else:
                self._put(folder, entry.name, inside, Link(here, here, None))

    def _open(self, folder: Folder, child: bytes, inside: bytes, origin: bytes) -> Folder | None:
        """The real folder at ``child``, made where there is none; None where a file of earlier contents is in the way."""
        there = folder.children.get(child)
        if isinstance(there, Folder):
            return there
        made = Folder(origin)
        if there is None:
            folder.children[child] = made
            return made
        if isinstance(there, Link) and there.leads_to is not None:
            folder.children[child] = made
            self.merge(made, inside, there.leads_to, (there.leads_to,))
            return made
        self._ignored(inside, there.origin, origin)
        return None

    def _put(self, folder: Folder, child: bytes, inside: bytes, link: Link) -> None:
        there = folder.children.get(child)
        if there is None:
            folder.children[child] = link
        elif link.leads_to is not None and (isinstance(there, Folder) or (isinstance(there, Link) and there.leads_to)):
            if isinstance(there, Link) and there.leads_to == link.leads_to:
                return
            opened = self._open(folder, child, inside, link.origin)
            if opened is not None:
                self.merge(opened, inside, link.leads_to, (link.leads_to,))
        elif not (isinstance(there, Link) and there.target == link.target):
            self._ignored(inside, there.origin, link.origin)

    def _ignored(self, inside: bytes, kept: bytes, ignored: bytes) -> None:
        texts = [display(to_str(text)) for text in (inside, kept, ignored)]
        self.warn(f"warning: /{texts[0]} is taken from {texts[1]}; {texts[2]} is left out")


def _stays_inside(text: bytes, here: bytes, package: bytes) -> bool:
    """Whether the link ``here`` means the same when its text moves with the whole of ``package`` (absolute ones always do)."""
    if text.startswith(b"/"):
        return True
    depth = here[len(package) :].count(b"/") - 1
    for part in text.split(b"/"):
        if part == b"..":
            depth -= 1
        elif part not in {b"", b"."}:
            depth += 1
        if depth < 0:
            return False
    return True
