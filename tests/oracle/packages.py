"""Stores that have bash and busybox from the start, for homes in which they are not what is tested.

Fetching and unpacking them anew takes three seconds of a processor. They are built once per run, by whichever worker needs them
first, and copied: every home keeps a store of its own. Where a home has to build packages itself, it can at least be given
their archives: every call of apt reads all of its lists, which takes a second.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import unquote

import pytest

from imagetools.bundled.fetchers.fetchdeb import apt
from imagetools.store.local import LocalStore
from tests.oracle.commands import imagetools
from tests.oracle.peers import need

STORE: Final = ".local/share/imagetools"
FEW: Final = "bash busybox"
MORE: Final = "bash busybox cacert shadow"
Exact: TypeAlias = tuple[str, str, str]
"""Package, version and architecture."""


class Furnish:
    """The fixture ``furnish``: gives a home without a store one that has packages. ``folder`` is common to all workers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, home: Path, *, packages: str = FEW, store: Path | None = None) -> Path:
        """``home``; the packages (FEW or MORE) are in its usual store, or in ``store``. Skips where apt is missing."""
        need_lists()
        shutil.copytree(self._built(packages) / STORE, store or home / STORE, symlinks=True)
        return home

    def archives(self, home: Path, *words: str, root: Path | None = None) -> Path:
        """``home``; every Debian archive that building WORDS fetches is in its usual store, or in that at ``root``."""
        need_lists()
        root = root or home / STORE
        imagetools("instantiate", *words, "--store", str(root), home=home)
        with LocalStore(str(root)) as store:
            drvs = [path for path in store.all_paths() if path.name.endswith(".deb.drv")]
            wanted = {path.name.removesuffix(".drv"): _exact(store.read_derivation(path).env) for path in drvs}
            with self._alone(self._folder / "archives") as folder:
                _download(folder, [what for what in wanted.values() if not (folder / apt.file_name(*what)).exists()])
                for name, what in wanted.items():
                    if (folder / apt.file_name(*what)).exists():  # otherwise the build says what is wrong
                        store.add_source(str(folder / apt.file_name(*what)), name, method="flat")
        return home

    def _built(self, packages: str) -> Path:
        with self._alone(self._folder / packages.replace(" ", "-")) as made:
            if not (made / "done").exists():
                if packages != FEW:
                    self(made)
                words = ("-E", f"with import <nixpkgs> {{ }}; [ {packages} ]")
                imagetools("build", *words, "--no-out-link", home=self.archives(made, *words))
                (made / "done").touch()
        return made

    @contextmanager
    def _alone(self, folder: Path) -> Iterator[Path]:
        """No other worker is there."""
        folder.mkdir(exist_ok=True)
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder
        finally:
            os.close(lock)


def need_lists() -> None:
    """Skips where apt is missing or knows no packages."""
    need("apt-get")
    if not apt.has_lists():
        pytest.skip("apt has no package lists on this machine: run apt-get update")


def furnisher(factory: pytest.TempPathFactory) -> Furnish:
    """For one run of the tests, whatever the number of its workers."""
    base = factory.getbasetemp()
    return Furnish(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)


def _exact(env: Mapping[str, str]) -> Exact:
    return env["package"], env["version"], env["architecture"]


def _download(folder: Path, wanted: Sequence[Exact]) -> None:
    """The archives that apt finds, by ``apt.file_name``."""
    if not wanted:
        return
    private = str(folder / "apt")
    apt.prepare(private)
    argv = ["apt-get", *apt.options(private), "download", "--", *(apt.wanted(*what) for what in wanted)]
    environment = apt.environment(private, os.environ)
    subprocess.run(argv, cwd=f"{private}/download", env=environment, capture_output=True, check=False)
    for path in map(Path, apt.downloaded(f"{private}/download")):
        path.rename(folder / apt.file_name(*unquote(path.name).removesuffix(".deb").split("_")))
