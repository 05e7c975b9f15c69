"""Which store paths the files of an image refer to, found by their hashes as Nix finds them (row 4.030).

It takes a reading of all layers of its own, since a path may be mentioned before the layer that has it.
"""

import os
from collections.abc import Iterable, Mapping

from ..archive.decompress import decompressed
from ..archive.member import Kind
from ..archive.shown import shown
from ..archive.stream import ByteStream
from ..archive.tarball import read_tar
from ..formats.references import ReferenceScanner
from ..image.why import ROOT, base_name
from .base_scan import LARGEST
from .layer_inside import relative, store_object
from .members import Members


def layer_references(members: Members, layers: Iterable[str], names: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """For each store path (base name), and ``ROOT`` for all other files: what they refer to, with the first file that does.

    ``layers`` are members of the archive or layout; ``names``: hash part to base name of the paths to look for. Raises
    BrokenImageError, ArchiveError, OSError.
    """
    scanners: dict[str, ReferenceScanner] = {}
    found: dict[str, dict[str, str]] = {}
    for layer in dict.fromkeys(layers):
        for member in read_tar(decompressed(ByteStream.of_chunks(members.pieces(layer)))):
            name = relative(member.name)
            inside = store_object(name)
            source = ROOT if inside is None else base_name(os.fsdecode(inside))
            scanner = scanners.get(source)
            if scanner is None:
                scanner = scanners[source] = ReferenceScanner(names)
            before = len(scanner.found)
            if member.kind is Kind.FILE:
                for piece in member.body if member.size <= LARGEST else ():
                    scanner.update(piece)
            else:
                scanner.update(member.target)
            if len(scanner.found) > before:
                known = found.setdefault(source, {})
                place = "/" + shown(name) if inside is None else shown(name[len(inside) + 1 :]) or "itself"
                for part in sorted(scanner.found):
                    known.setdefault(names[part], place)
    return found
