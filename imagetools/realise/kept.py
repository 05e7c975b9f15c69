"""What a fetcher has got so far, across failures: one folder a derivation under the store's root, lent to each build of it.

A build that fails, is interrupted or dies with all of us leaves its folder in its scratch folder, from where it comes back here;
a build that succeeds takes it with it. While it is lent it lies in the folder of the outputs, so that a whole file becomes an
output by rename. Nix has nothing like it. What lies there was written by a builder: symlinks are never followed, everything
belongs to the caller afterwards, and nobody else may look in.
"""

import os
import shutil
import stat
import time
from contextlib import suppress
from typing import Final

from imagetools.formats.store_path import StorePath
from imagetools.sandbox.owners import change_owner
from imagetools.sandbox.ports import KEPT
from imagetools.store.disk import delete_tree, writing
from imagetools.store.ports import Store

FOLDER: Final = "nix/var/imagetools/kept"  # below the store's root
LENT: Final = "kept"  # in the scratch folder, until the sandbox has taken it
SCRATCH_SUFFIX: Final = ".chroot"
DAYS: Final = 30


def beside(store: Store, folder: str) -> str:
    """A folder below the store's root; it may not exist."""
    any_path = store.real_path(StorePath(bytes(20), "x"))
    return os.path.join(os.path.dirname(any_path).removesuffix(store.store_dir.path) or "/", folder)


class KeptFolders:
    """The folders of one store. The caller holds the output locks of the derivation whose folder it asks for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._root = beside(store, FOLDER)

    def place(self, drv: StorePath) -> str:
        """Where a derivation's folder lies while nobody builds it; it may not exist."""
        return os.path.join(self._root, drv.base_name)

    def lend(self, drv: StorePath, scratch: str) -> str:
        """Bring the derivation's folder (or a new one) into ``scratch``. Raises StoreError."""
        place, lent = self.place(drv), os.path.join(scratch, LENT)
        with writing(lent):
            if _is_folder(place):
                shutil.move(place, lent)
            else:
                delete_tree(place)
                os.mkdir(lent)
            os.chmod(lent, 0o700)
        return lent

    def rescue(self, scratch: str) -> None:
        """Keep what a build left in ``scratch`` (a folder named after its derivation); errors do not matter."""
        with suppress(OSError):
            name = os.path.basename(scratch).removesuffix(SCRATCH_SUFFIX)
            for found in self._lent(scratch):
                if not _is_folder(found) or not os.listdir(found):
                    continue
                take_over(found)
                place = os.path.join(self._root, name)
                os.makedirs(self._root, mode=0o700, exist_ok=True)
                delete_tree(place)
                shutil.move(found, place)
                os.utime(place)

    def forget(self, scratch: str) -> None:
        """The build in ``scratch`` needs its folder no more; errors do not matter."""
        for found in self._lent(scratch):
            with suppress(OSError):
                delete_tree(found)

    def tidy(self) -> None:
        """Remove what nobody has used for a long time; errors do not matter."""
        oldest = time.time() - DAYS * 24 * 60 * 60
        with suppress(OSError), os.scandir(self._root) as entries:
            for entry in entries:
                with suppress(OSError):
                    if entry.stat(follow_symlinks=False).st_mtime < oldest:
                        delete_tree(entry.path)

    def _lent(self, scratch: str) -> tuple[str, ...]:
        """The places in a scratch folder where a lent folder may be, whichever sandbox had it."""
        in_root = scratch + "/root" + self._store.store_dir.path
        return tuple(
            os.path.join(folder, name)
            for folder, name in ((scratch, LENT), (scratch + "/store", KEPT), (in_root, KEPT), (scratch + "/outputs", KEPT))
        )


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def take_over(folder: str) -> None:
    """Give everything to the caller, where a spare user had built; the folder itself is for the caller alone."""
    os.chmod(folder, 0o700)
    if os.lstat(folder).st_uid != os.geteuid():
        change_owner(folder, os.geteuid(), os.getegid())
