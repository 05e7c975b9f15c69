"""The tests of nixpkgs' own current lib, run by us (IMAGETOOLS_NIXPKGS_LIB names its folder ``lib``).

Its shell scripts call ``nix-instantiate``: here that is a few lines that call ``imagetools eval``, in a mount namespace of their
own whose /nix is an empty folder, since they look into store paths. The long ones (``tests/modules.sh`` has 400 cases of the
module system, ``fileset/tests.sh`` more) run where IMAGETOOLS_NIXPKGS_LIB_ALL is set.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.oracle.commands import imagetools

pytestmark = pytest.mark.oracle

CASES: Final = {
    "tests/misc.nix": "import LIB/tests/misc.nix",
    "tests/systems.nix": "import LIB/tests/systems.nix",
    "tests/fetchers.nix": "import LIB/tests/fetchers.nix",
    "path/tests/unit.nix": "let done = import LIB/path/tests/unit.nix { libpath = LIB; }; in if done == null then [ ] else done",
}
SCRIPTS: Final = ("tests/filesystem.sh", "tests/debug.sh", "tests/network.sh", "tests/sources.sh")
LONG: Final = ("tests/modules.sh", "fileset/tests.sh", "path/tests/prop.sh")

UNSHARE: Final = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
SHIM: Final = """#!/bin/sh
for word; do
  shift
  case $word in
    --eval | --eval-only) ;;
    --timeout) skip=yes ;;
    --expr) set -- "$@" -E ;;
    *) if [ -n "$skip" ]; then skip=; else set -- "$@" "$word"; fi ;;
  esac
done
exec PYTHON -m imagetools eval "$@"
"""


def lib(file: str) -> str:
    """The folder, if the file is there."""
    found = os.environ.get("IMAGETOOLS_NIXPKGS_LIB", "")
    if not found or not Path(found, file).is_file():
        pytest.skip("IMAGETOOLS_NIXPKGS_LIB names no folder with the lib of nixpkgs and its tests")
    return found


@pytest.mark.parametrize("file", CASES)
def test_no_case_fails(file: str, tmp_path: Path) -> None:
    text = CASES[file].replace("LIB", lib(file))
    done = imagetools("eval", "--strict", "--read-write-mode", "-E", text, home=tmp_path)
    assert done.stdout == "[ ]\n"


@pytest.mark.parametrize("file", [*SCRIPTS, *LONG])
def test_scripts(file: str, tmp_path: Path) -> None:
    folder = lib(file)
    if file in LONG and not os.environ.get("IMAGETOOLS_NIXPKGS_LIB_ALL"):
        pytest.skip("takes minutes: set IMAGETOOLS_NIXPKGS_LIB_ALL")
    shim = tmp_path / "bin/nix-instantiate"
    shim.parent.mkdir()
    shim.write_text(SHIM.replace("PYTHON", sys.executable))
    shim.chmod(0o755)
    (tmp_path / "nix/store").mkdir(parents=True)
    mount = [*UNSHARE, "sh", "-c", 'mount --bind "$0" /nix && exec "$@"', str(tmp_path / "nix")]
    if subprocess.run([*mount, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("nothing can be mounted at /nix")
    variables = {
        "HOME": str(tmp_path),
        "TEST_LIB": folder,
        "PATH": f"{shim.parent}:{os.environ['PATH']}",
        "IMAGETOOLS_STORE": "local",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    words = ["bash", f"{folder}/{file}", *(["4711"] if file.endswith("prop.sh") else [])]
    done = subprocess.run(
        [*mount, *words], cwd=tmp_path, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
