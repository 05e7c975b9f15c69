"""What a command takes over from the shell that starts it: the umask, the current folder."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from imagetools.app.cli.main import safe_umask
from imagetools.app.cli.run import NoFolderError, _check_folder

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(("given", "used"), [(0, 0o022), (0o002, 0o022), (0o022, 0o022), (0o077, 0o077), (0o777, 0o077)])
def test_umasks(given: int, used: int) -> None:
    assert safe_umask(given) == used


@pytest.mark.parametrize(("umask", "mode"), [(0o000, 0o755), (0o777, 0o700)])
def test_a_store_that_its_owner_alone_may_write(umask: int, mode: int, tmp_path: Path) -> None:
    text = '(derivation { name = "x"; system = "s"; builder = "b"; })'
    argv = [sys.executable, "-m", "imagetools", "instantiate", "--store", str(tmp_path / "store"), "-E", text]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, umask=umask)
    assert stat.S_IMODE((tmp_path / "store/nix/var/nix/db").stat().st_mode) == mode


def test_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(NoFolderError):
        _check_folder()
