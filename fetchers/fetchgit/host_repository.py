"""A repository on this machine that a derivation names: which folders of the host its builder must see.

Only what looks like a git repository is shown, and what it borrows objects from; refuses to show the kernel's folders.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from imagetools.kernel.bytestr import to_bytes

_HIDDEN = ("/proc/", "/sys/", "/dev/")
_DEPTH = 5


def repositories(url: str) -> tuple[str, ...]:
    """Full paths; empty for a URL that is somewhere else, and where there is no repository."""
    if url.lower().startswith("file://"):
        path = os.fsdecode(unquote_to_bytes(urlsplit(url).path))
    elif url.startswith("/"):
        path = os.fsdecode(to_bytes(url))
    else:
        return ()
    path = os.path.normpath(path)
    return tuple(dict.fromkeys(_with_lenders(path, _DEPTH)))


def _with_lenders(path: str, depth: int) -> Iterator[str]:
    for place in (path, f"{path}.git"):  # git tries both
        folder = Path(place, ".git") if Path(place, ".git").is_dir() else Path(place)
        if place.startswith(_HIDDEN) or not (folder / "HEAD").is_file() or not (folder / "objects").is_dir():
            continue
        yield place
        alternates = folder / "objects/info/alternates"
        if depth and alternates.is_file():
            for line in alternates.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
                objects = os.path.normpath(folder / "objects" / line) if line and not line.startswith("#") else ""
                if objects.endswith("/objects"):
                    yield from _with_lenders(objects.removesuffix("/objects").removesuffix("/.git"), depth - 1)
        return
