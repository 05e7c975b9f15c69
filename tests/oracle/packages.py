"""Stores that have bash and busybox from the start, for homes in which they are not what is tested.

Fetching and unpacking them anew takes three seconds of a processor. They are built once per run, by whichever worker needs them
first, and copied: every home keeps a store of its own.
"""

import fcntl
import os
import shutil
from pathlib import Path
from typing import Final

import pytest

from imagetools.bundled.fetchers.fetchdeb import apt
from tests.oracle.commands import imagetools
from tests.oracle.peers import need

STORE: Final = ".local/share/imagetools"
FEW: Final = "bash busybox"
MORE: Final = "bash busybox cacert shadow"


class Furnish:
    """The fixture ``furnish``: gives a home without a store one that has packages. ``folder`` is common to all workers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, home: Path, *, packages: str = FEW, store: Path | None = None) -> Path:
        """``home``; the packages (FEW or MORE) are in its usual store, or in ``store``. Skips where apt is missing."""
        need("apt-get")
        if not apt.has_lists():
            pytest.skip("apt has no package lists on this machine: run apt-get update")
        shutil.copytree(self._built(packages) / STORE, store or home / STORE, symlinks=True)
        return home

    def _built(self, packages: str) -> Path:
        made = self._folder / packages.replace(" ", "-")
        made.mkdir(exist_ok=True)
        lock = os.open(made, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (made / "done").exists():
                if packages != FEW:
                    self(made)
                imagetools("build", "-E", f"with import <nixpkgs> {{ }}; [ {packages} ]", "--no-out-link", home=made)
                (made / "done").touch()
        finally:
            os.close(lock)
        return made


def furnisher(factory: pytest.TempPathFactory) -> Furnish:
    """For one run of the tests, whatever the number of its workers."""
    base = factory.getbasetemp()
    return Furnish(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)
