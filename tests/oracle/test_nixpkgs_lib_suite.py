"""The tests of nixpkgs' own current lib, run by us (IMAGETOOLS_NIXPKGS_LIB names its folder ``lib``).

``tests/modules.sh`` there, some 400 cases of the module system, can be run by hand with a ``nix-instantiate`` on the PATH that
calls ``imagetools eval`` without ``--timeout 1`` and ``--eval-only``.
"""

import os
from pathlib import Path

import pytest

from tests.oracle.commands import imagetools

pytestmark = pytest.mark.oracle

CASES = {
    "tests/misc.nix": "import LIB/tests/misc.nix",
    "tests/systems.nix": "import LIB/tests/systems.nix",
    "tests/fetchers.nix": "import LIB/tests/fetchers.nix",
    "path/tests/unit.nix": "let done = import LIB/path/tests/unit.nix { libpath = LIB; }; in if done == null then [ ] else done",
}


@pytest.mark.parametrize("file", CASES)
def test_no_case_fails(file: str, tmp_path: Path) -> None:
    lib = os.environ.get("IMAGETOOLS_NIXPKGS_LIB", "")
    if not lib or not Path(lib, file).is_file():
        pytest.skip("IMAGETOOLS_NIXPKGS_LIB names no folder with the lib of nixpkgs and its tests")
    done = imagetools("eval", "--strict", "--read-write-mode", "-E", CASES[file].replace("LIB", lib), home=tmp_path)
    assert done.stdout == "[ ]\n"
