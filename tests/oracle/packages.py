"""A store that has bash and busybox from the start, for homes in which they are not what is tested.

Fetching and unpacking them anew takes three seconds of a processor. They are built once per run, by whichever worker needs them
first, and copied: every home keeps a store of its own.
"""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from imagetools.bundled.fetchers.fetchdeb import apt
from tests.oracle.commands import imagetools
from tests.oracle.peers import need

Furnish = Callable[[Path], Path]


def furnisher(factory: pytest.TempPathFactory) -> Furnish:
    """Makes ``home`` (a folder without a store) one whose store has the packages, and gives it back; skips without apt."""
    base = factory.getbasetemp()
    made = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "packages"

    def furnish(home: Path) -> Path:
        need("apt-get")
        if not apt.has_lists():
            pytest.skip("apt has no package lists on this machine: run apt-get update")
        made.mkdir(exist_ok=True)
        lock = os.open(made, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (made / "done").exists():
                imagetools("build", "-E", "with import <nixpkgs> { }; [ bash busybox ]", "--no-out-link", home=made)
                (made / "done").touch()
        finally:
            os.close(lock)
        shutil.copytree(made / ".local", home / ".local", symlinks=True)
        return home

    return furnish
