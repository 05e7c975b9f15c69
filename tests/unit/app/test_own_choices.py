"""What imagetools has decided for itself, as its commands show it (docs/nix-versions.md)."""

from pathlib import Path

import pytest

from imagetools.app.cli.main import main


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IMAGETOOLS_STORE", "IMAGETOOLS_CACHE", "XDG_DATA_HOME", "XDG_CACHE_HOME", "NIX_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_json_evaluates_what_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "--json", "-E", "{ a = 1 + 1; }"]) == 0
    assert capsys.readouterr().out.strip() == '{"a":2}'


def test_nixpkgs_is_there_without_a_search_path(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown = "map (entry: entry.prefix) builtins.nixPath"
    assert main(["eval", "--strict", "-E", f"[ ({shown}) (builtins.typeOf <nixpkgs>) ]"]) == 0
    assert capsys.readouterr().out == '[ [ "nixpkgs" ] "path" ]\n'
    monkeypatch.setenv("NIX_PATH", f"nixpkgs={tmp_path}:more={tmp_path}")
    assert main(["eval", "--strict", "-E", f"[ ({shown}) <nixpkgs> ]"]) == 0
    assert capsys.readouterr().out == f'[ [ "nixpkgs" "more" "nixpkgs" ] {tmp_path} ]\n'
