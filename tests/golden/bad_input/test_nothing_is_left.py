"""What an image did not let be written leaves nothing behind, whole or half."""

from pathlib import Path

import pytest

from tests.golden.bad_input import hostile, images
from tests.golden.bad_input.case import Case, make_files
from tests.golden.bad_input.command import run_here

CASES = {
    name: case
    for name, case in {**images.CASES, **hostile.CASES}.items()
    if case.words[:2] == ["image", "copy"] and not case.env and not case.modes
}


@pytest.mark.parametrize("name", list(CASES))
def test_nothing_is_left(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case: Case = CASES[name]
    make_files(tmp_path, case.files)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert run_here([str(word) for word in case.words]) != 0
    assert [path for path in sorted(tmp_path.rglob("*")) if "home" not in path.parts] == before
