"""The process of ours that runs a ``builtin:`` builder: its command line, and the folders of the host that it must see.

A fresh isolated Python (row 4.056): interpreter, libraries and the product's own folder are bound read-only into the sandbox at
their own places, wherever they lie (also below a folder that only root may enter). It refuses to know what builders do.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from imagetools.kernel.bytestr import to_str
from imagetools.sandbox.ports import Bind

MODULE: Final = "imagetools.app.builtin_main"
COMPILED: Final = "imagetools__mypyc"  # the group's name in setup.py
PACKAGE: Final = Path(__file__).resolve().parents[1]
SYSTEM_FOLDERS: Final = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
)
_BOOT: Final = (
    "import sys; sys.path += [p for p in sys.argv.pop(1).split(':') if p not in sys.path]; "
    f"from {MODULE} import main; main(sys.argv[1])"
)


def command(name: str) -> tuple[str, ...]:
    """Command line that runs builtin builder ``name``; its first item is the program. Bytestrs."""
    words = (sys.executable, "-I", "-S", "-B", "-c", _BOOT, ":".join([str(PACKAGE.parent), *_libraries()]), name)
    return tuple(to_str(os.fsencode(word)) for word in words)


def binds(extra: Iterable[str] = ()) -> tuple[Bind, ...]:
    """What the process must see, and what its builder asks for (``extra``): at their own places, read-only, may be missing."""
    folders = [
        *SYSTEM_FOLDERS,
        *dict.fromkeys((sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)),
        *_executables(),
        *_libraries(),
        *_own_folders(),
        *_compiled(),
        *extra,
    ]
    return tuple(Bind(path, path, optional=True) for path in dict.fromkeys(folders) if path not in ("", "/"))


def _libraries() -> list[str]:
    """Folders of installed packages, also those of the user (which ``-I`` leaves out)."""
    return [path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages") and os.path.isdir(path)]


def _own_folders() -> list[str]:
    """The product itself, with the folders that its symlinks ``bundled/*`` lead to."""
    found = [str(PACKAGE)]
    bundled = PACKAGE / "bundled"
    for name in ("fetchers", "builders"):
        place = os.path.realpath(bundled / name)
        if not place.startswith(str(PACKAGE) + "/"):
            found.append(place)
    return found


def _compiled() -> list[str]:
    """The extension that holds all compiled modules: in a checkout that was built in place it lies beside the package."""
    file = getattr(sys.modules.get(COMPILED), "__file__", None)
    return [file] if file else []


def _executables() -> list[str]:
    """The interpreter and every symlink on the way to it."""
    found: list[str] = []
    path = sys.executable
    while path not in found:
        found.append(path)
        if os.path.islink(path):
            path = os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path)))
    return found
