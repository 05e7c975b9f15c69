"""Which store paths the members of a layer refer to: found by searching their bytes and link targets, as Nix does (row 4.030)."""

from collections.abc import Iterable
from typing import Final

from imagetools.formats.references import ReferenceScanner
from imagetools.formats.store_path import StorePath
from imagetools.image_io.entries import Entry

_PIECE: Final = 1 << 20


def references_of(entries: Iterable[Entry], candidates: Iterable[StorePath]) -> set[StorePath]:
    """Those of ``candidates`` whose hash part occurs in a file or a link. Each file is read once. Raises OSError."""
    by_hash = {path.hash_part: path for path in candidates}
    scanner = ReferenceScanner(by_hash)
    for entry in entries:
        if scanner.done:
            break
        scanner.update(entry.target)
        if entry.size:
            with open(entry.source, "rb") as file:
                while piece := file.read(_PIECE):
                    scanner.update(piece)
    return {by_hash[part] for part in scanner.found}
