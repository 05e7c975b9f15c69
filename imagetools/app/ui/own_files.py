"""Which files an error is likely to be about: those of the person who reads it, not those of a library.

A library is the embedded package set, what lies in the store, a tree of nixpkgs (found by its own files, however it is named) and
nixpkgs' lib alone. Whoever works in a tree of nixpkgs is at home there, except in its lib.
"""

import os
from typing import Final

from imagetools.app.settings import PACKAGE
from imagetools.kernel.bytestr import to_str
from imagetools.lang.runtime.search_path import OWN_FILES

NIXPKGS: Final = "pkgs/top-level/all-packages.nix"
LIB: Final = ("fixed-points.nix", "customisation.nix")


class OwnFiles:
    """Says of the file of a position whether it is the person's own. ``here`` is the working folder (default: the process's)."""

    def __init__(self, store_dir: str, here: str | None = None) -> None:
        self._foreign = (f"{store_dir}/", to_str(os.fsencode(PACKAGE)) + "/", "/builtin/", OWN_FILES)
        self._here = to_str(os.fsencode(os.getcwd())) if here is None else here
        self._folders: dict[str, bool] = {}

    def __call__(self, file: str) -> bool:
        if file.startswith(self._foreign):
            return False
        return not file.startswith("/") or self._own_folder(os.path.dirname(file))

    def _own_folder(self, folder: str) -> bool:
        known = self._folders.get(folder)
        if known is None:
            known = self._folders[folder] = self._look(folder)
        return known

    def _look(self, folder: str) -> bool:
        if all(_exists(f"{folder}/{name}") for name in LIB):
            return False
        if _exists(f"{folder}/{NIXPKGS}"):
            return f"{self._here}/".startswith(f"{folder}/")
        above = os.path.dirname(folder)
        return above == folder or self._own_folder(above)


def _exists(path: str) -> bool:
    return os.path.exists(path.encode("latin-1"))
