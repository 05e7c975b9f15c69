"""Listing the files of a patch and keeping some of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from .dialect import Dialect
from .names import without_folders
from .patch import Between, FilePatch, Piece
from .printing import Manner, print_file
from .text import until_nul
from .wildcards import matches


@dataclass(frozen=True)
class Selection:
    """Patterns over names of which ``strip`` leading folders are left out of account. No ``includes`` means all."""

    includes: tuple[bytes, ...] = ()
    excludes: tuple[bytes, ...] = ()
    strip: int = 0

    def __contains__(self, file: object) -> bool:
        if not isinstance(file, FilePatch):
            return False
        name = without_folders(file.name, self.strip)
        if any(matches(pattern, name) for pattern in self.excludes):
            return False
        return not self.includes or any(matches(pattern, name) for pattern in self.includes)


def list_files(pieces: Iterable[Piece], selection: Selection) -> bytes:
    """The names in order, a line each (a name can itself hold a line feed)."""
    return b"".join(piece.name + b"\n" for piece in pieces if isinstance(piece, FilePatch) and piece in selection)


def filter_patch(pieces: Iterable[Piece], selection: Selection, manner: Manner, dialect: Dialect) -> bytes:
    """The selected files. Text between files stays where files are excluded, unless the manner is clean."""
    talkative = bool(selection.excludes) and not manner.clean
    out = []
    for piece in pieces:
        if isinstance(piece, Between):
            if talkative:
                out.append(until_nul(piece.line))
        elif piece in selection:
            out.append(print_file(piece, manner, dialect))
    return b"".join(out)
