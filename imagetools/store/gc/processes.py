"""Roots that nobody wrote down: what running processes have open, map, run, or name in their environment (row 8.024).

Everything is read from ``/proc``; what may not be read (processes of other users) is passed over, as Nix does. Both the logical
store directory and the physical one count: a program in a sandbox sees the one, a program started from its place the other.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress

from imagetools.store.layout import Layout

_LINKS = ("exe", "cwd", "root")
_TEXTS = ("maps", "environ")


def base_names_in_use(layout: Layout, proc: str = "/proc") -> dict[str, str]:
    """Base names of store objects, and for each one place that names it, such as ``/proc/7/exe``."""
    folders = b"|".join(sorted({re.escape(os.fsencode(layout.store)), re.escape(os.fsencode(layout.store_dir.path))}))
    names = re.compile(b"(?:" + folders + rb")/([0-9a-z]{32}-[0-9A-Za-z+\-._?=]+)")
    found: dict[str, str] = {}
    own = str(os.getpid())
    for pid in os.listdir(proc):
        if pid.isdigit() and pid != own:
            for place, text in _said(f"{proc}/{pid}"):
                for match in names.findall(text):
                    found.setdefault(match.decode("ascii"), place)
    return found


def _said(process: str) -> Iterator[tuple[str, bytes]]:
    for name in _LINKS:
        with suppress(OSError):
            yield f"{process}/{name}", os.readlink(os.fsencode(f"{process}/{name}"))
    with suppress(OSError):
        for name in os.listdir(f"{process}/fd"):
            with suppress(OSError):
                yield f"{process}/fd/{name}", os.readlink(os.fsencode(f"{process}/fd/{name}"))
    for name in _TEXTS:
        with suppress(OSError), open(f"{process}/{name}", "rb") as file:
            yield f"{process}/{name}", file.read()
