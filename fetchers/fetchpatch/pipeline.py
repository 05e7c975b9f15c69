"""The steps that make of a downloaded patch what fetchpatch stores.

They are nixpkgs' steps, since people have hashes of their results: list the files, take each name once and in order, print the
files of that name without comments and with new names; then keep some of them and some of their hunks; then turn it around.
Refuses to know where the bytes come from; ``fetch_patch`` does.
"""

from dataclasses import dataclass

from imagetools.builtin.api import BuiltinError

from .dialect import Dialect
from .filtering import Selection, filter_patch, list_files
from .hunk_ranges import HunkRanges
from .patch import FilePatch, Piece
from .printing import Manner
from .reading import read_patch
from .reverting import revert_patch
from .wildcards import quoted

_OPEN = Selection()


class NoPatchError(BuiltinError):
    """What came has no file of a patch in it; ``text`` is all that came."""

    def __init__(self, text: bytes, relative: bool) -> None:
        what = "has no change below `relative`" if relative else "is no patch"
        super().__init__(
            f"nothing is left of the downloaded file: it {what}",
            "`relative` is a folder as it is called in the patch, without the leading a/ or b/"
            if relative
            else "is it a web page about the patch? Many forges have the patch where '.patch' or '.diff' is added to the URL",
        )
        self.text = text


class NothingSelectedError(BuiltinError):
    """includes, excludes and hunks leave nothing of a patch; ``text`` is what they were used on."""

    def __init__(self, text: bytes) -> None:
        names = ", ".join(dict.fromkeys(line.decode("utf-8", "replace") for line in _names(text)[:5]))
        super().__init__(
            "nothing is left of the patch after `includes`, `excludes` and `hunks`",
            "check them against the names in the patch as it is after stripLen and extraPrefix"
            + (f" (the first part is left out in comparing): {names}" if names else ""),
        )
        self.text = text


@dataclass(frozen=True)
class Wanted:
    """What fetchpatch's arguments ask for. Prefixes are whole (``a/lib/``); patterns are bytes."""

    relative: bytes | None = None
    strip: int = 0
    old_prefix: bytes = b""
    new_prefix: bytes = b""
    includes: tuple[bytes, ...] = ()
    excludes: tuple[bytes, ...] = ()
    hunks: HunkRanges | None = None
    revert: bool = False


def process(data: bytes, wanted: Wanted, dialect: Dialect) -> bytes:
    """Raises NoPatchError, NothingSelectedError, HunkHeadingError, NoRevertError."""
    ordered = put_in_order(data, wanted, dialect)
    if not ordered:
        raise NoPatchError(data, wanted.relative is not None)
    selection = Selection(wanted.includes, wanted.excludes, strip=1)
    kept = filter_patch(read_patch(ordered, dialect), selection, Manner(hunks=wanted.hunks), dialect)
    if not kept:
        raise NothingSelectedError(ordered)
    return revert_patch(kept, dialect) if wanted.revert else kept


def put_in_order(data: bytes, wanted: Wanted, dialect: Dialect) -> bytes:
    """The files sorted by name, without text between them, renamed. Empty if there is no file."""
    pieces = read_patch(data, dialect)
    below = _OPEN if wanted.relative is None else Selection((wanted.relative + b"/*",), strip=1)
    manner = Manner(wanted.strip, wanted.old_prefix, wanted.new_prefix, clean=True)
    by_name: dict[bytes, list[Piece]] = {}
    for piece in pieces:
        if isinstance(piece, FilePatch):
            by_name.setdefault(piece.name, []).append(piece)
    out = []
    for name in sorted(set(_lines(list_files(pieces, below)))):
        # a name with a bracket is a pattern that may match others
        files = pieces if b"[" in name or b"\\" in name else by_name.get(name, [])
        out.append(filter_patch(files, Selection((quoted(name),)), manner, dialect))
    return b"".join(out)


def _lines(text: bytes) -> list[bytes]:
    return text.split(b"\n")[:-1]


def _names(text: bytes) -> list[bytes]:
    return [line[4:].split(b"\t")[0] for line in text.split(b"\n") if line.startswith((b"--- ", b"+++ "))]
