"""What an installation leaves where: no generic names at the top of site-packages, and the form of the hot modules that was
asked for."""

import importlib.metadata
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from imagetools.app.version import compiled, version_text
from imagetools.kernel import base32
from tests.unit.house.imports import ROOT


def test_nothing_generic_is_installed_at_the_top() -> None:
    files = importlib.metadata.files("imagetools") or []
    tops = {file.parts[0] for file in files}
    assert tops
    assert not {top for top in tops if top.split(".")[0] in {"fetchers", "builders", "tests", "bench", "examples"}}


@pytest.mark.parametrize("name", ["fetchers", "builders"])
def test_generic_names_cannot_be_imported(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-c", f"import imagetools.bundled.{name}; import {name}"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert f"No module named '{name}'" in result.stderr


def test_data_files_are_found_beside_the_code() -> None:
    spec = importlib.util.find_spec("imagetools")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    data: list[str] = []
    for folder, name in (("imagetools", ""), ("fetchers", "bundled/fetchers/"), ("builders", "bundled/builders/")):
        for path in (ROOT / folder).rglob("*"):
            relative = path.relative_to(ROOT / folder)
            if path.is_file() and path.suffix not in {".py", ".pyc", ".so"} and "bundled" not in relative.parts:
                data.append(f"{name}{relative}")
    assert "pkgs/lib/default.nix" in data
    assert not [name for name in data if not (package / name).is_file()]


def test_the_announced_mode_runs() -> None:
    wanted = os.environ.get("IMAGETOOLS_EXPECT_MODE")
    if wanted is not None:
        assert compiled() == (wanted == "compiled")
    assert ("compiled" in version_text()) == compiled()


def test_no_compiled_file_is_older_than_its_source() -> None:
    if not compiled():
        return
    binary = Path(base32.__file__ or "").stat().st_mtime
    patterns = [line for line in (ROOT / "compiled.txt").read_text().splitlines() if line and not line.startswith("#")]
    sources = [path for pattern in patterns for path in ROOT.glob(pattern)]
    assert sources
    assert not [str(path.relative_to(ROOT)) for path in sources if path.stat().st_mtime > binary]
