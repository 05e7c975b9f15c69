"""A user's folder with one definition in it, and what its attributes build."""

from pathlib import Path

import pytest

from imagetools.bundled.fetchers.fetchdeb import apt
from tests.oracle.commands import imagetools


def home_with(folder: Path, text: str) -> Path:
    """``folder``, with ``text`` as set.nix; skips where nothing can be built."""
    if not apt.has_lists():
        pytest.skip("apt has no package lists on this machine: run apt-get update")
    (folder / "set.nix").write_text(text)
    return folder


def built(home: Path, name: str) -> Path:
    """The physical path of what the attribute ``name`` builds."""
    return Path(imagetools("build", "set.nix", "-A", name, "--no-out-link", home=home).stdout.strip())
