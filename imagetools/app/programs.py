"""Which program of the store a person means: one inside an object, or the main one of a package.

It looks without the store being mounted: symlinks between objects are logical (``/nix/store/...``) and are followed where the
objects really lie. It runs nothing.
"""

import os
import re
import stat
from collections.abc import Iterable, Sequence
from typing import ClassVar, Final

from imagetools.formats.store_path import StorePath
from imagetools.kernel.bytestr import display
from imagetools.kernel.errors import ImagetoolsError
from imagetools.store.ports import Store

MAX_LINKS: Final = 40
_VERSION: Final = re.compile(r"-[^A-Za-z].*", re.DOTALL)


class NoProgramError(ImagetoolsError):
    """Nothing there to run."""

    exit_code: ClassVar[int] = 127

    def __init__(self, path: str, reason: str, hint: str | None = None) -> None:
        super().__init__(f"no program to run in '{path}': {reason}", hint)
        self.path = path


class SeveralProgramsError(ImagetoolsError):
    """Only one can be run."""

    def __init__(self, names: Sequence[str]) -> None:
        shown = ", ".join(map(display, names[:3])) + (" ..." if len(names) > 3 else "")
        super().__init__(
            f"the expression means {len(names)} derivations: {shown}", "name one of them: -A ATTR, or -A NUMBER in a list"
        )
        self.names = names


def physical(store: Store, path: str) -> str | None:
    """Where the file or folder lies that the logical ``path`` leads to, all symlinks followed; None where there is none."""
    todo = path.strip("/").split("/")[::-1]
    done: list[str] = []
    links = 0
    while todo:
        name = todo.pop()
        if name in ("", "."):
            continue
        if name == "..":
            del done[-1:]
            continue
        real = _real(store, "/" + "/".join((*done, name)))
        try:
            mode = os.lstat(real).st_mode
        except (FileNotFoundError, NotADirectoryError):
            if not store.store_dir.path.startswith("/" + "/".join((*done, name))):
                return None
            mode = stat.S_IFDIR
        if not stat.S_ISLNK(mode):
            done.append(name)
            continue
        links += 1
        if links > MAX_LINKS:
            return None
        target = os.readlink(real)
        if target.startswith("/"):
            done.clear()
        todo.extend(target.strip("/").split("/")[::-1])
    return _real(store, "/" + "/".join(done))


def _real(store: Store, path: str) -> str:
    if not store.store_dir.contains(path):
        return path
    top, slash, rest = path[len(store.store_dir.prefix) :].partition("/")
    folder = os.path.dirname(store.real_path(StorePath(bytes(20), "x")))
    return f"{folder}/{top}{slash}{rest}"


def program_in(store: Store, path: str, preferred: Iterable[str] = ()) -> str:
    """The logical path of the program that the logical ``path`` means.

    A file is itself the program. In a folder it is ``bin/NAME``, with the first NAME that exists of ``preferred``, the object's
    name, that name without its version, or else the only program in ``bin``. Raises NoProgramError.
    """
    real = physical(store, path)
    if real is None:
        raise NoProgramError(path, "it does not exist")
    if not os.path.isdir(real):
        if not _runs(real):
            raise NoProgramError(path, "it is not an executable file")
        return path
    name = os.path.basename(path).partition("-")[2]
    candidates = [*preferred, name, _VERSION.sub("", name)]
    for candidate in candidates:
        if candidate and "/" not in candidate and _is_program(store, f"{path}/bin/{candidate}"):
            return f"{path}/bin/{candidate}"
    folder = physical(store, f"{path}/bin")
    if folder is None or not os.path.isdir(folder):
        raise NoProgramError(path, "it has no folder bin", "name the program, such as: imagetools run RESULT/libexec/PROGRAM")
    programs = [entry for entry in sorted(os.listdir(folder)) if _is_program(store, f"{path}/bin/{entry}")]
    if len(programs) == 1:
        return f"{path}/bin/{programs[0]}"
    if not programs:
        raise NoProgramError(path, "its folder bin holds no program")
    shown = ", ".join(programs[:20]) + (f" and {len(programs) - 20} more" if len(programs) > 20 else "")
    raise NoProgramError(path, "which of those in its folder bin?", f"name one of them, such as bin/{programs[0]}: {shown}")


def _is_program(store: Store, path: str) -> bool:
    real = physical(store, path)
    return real is not None and _runs(real)


def _runs(real: str) -> bool:
    try:
        mode = os.stat(real).st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) and bool(mode & 0o111)
