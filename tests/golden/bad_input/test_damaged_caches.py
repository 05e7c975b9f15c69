"""Whatever happens to the files below the cache folder (parse cache, recorded evaluations, fetched files): nobody hears of it.

Values, messages and exit codes are those of an empty cache.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.golden.bad_input.command import run_here

FILES: Mapping[str, str] = {
    "x.nix": '{ a = import ./y.nix; b = builtins.readFile (builtins.fetchurl "file://FOLDER/z"); wrong = import ./wrong.nix; }',
    "y.nix": "map (x: { inherit x; text = ''a ${toString x}''; }) [ 1 2.5 { outPath = ./y.nix; } ]",
    "wrong.nix": "let text = ''y''; in\n  throw text",
    "z": "fetched",
}
COMMANDS = (
    ["eval", "--strict", "x.nix", "-A", "a"],
    ["eval", "--json", "x.nix", "-A", "b"],
    ["eval", "x.nix", "-A", "wrong"],
)
DAMAGES: Mapping[str, Callable[[bytes], bytes]] = {
    "cut": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "other bytes": lambda data: b"\xff\x00r[" * (len(data) // 4),
    "one bit": lambda data: data[:-7] + bytes([data[-7] ^ 4]) + data[-6:],
    "the first bit": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "more": lambda data: data + b"more",
    "twice": lambda data: data + data,
}


def said(capfd: pytest.CaptureFixture[str]) -> list[tuple[int, str, str]]:
    answers = []
    for words in COMMANDS:
        code = run_here(words)
        answers.append((code, *capfd.readouterr()))
    return answers


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A person's folder, and the files that evaluating in it has left in the cache."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text.replace("FOLDER", str(tmp_path)))
    for name in ("IMAGETOOLS_STORE", "XDG_DATA_HOME", "XDG_CACHE_HOME", "NIX_PATH"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": str(tmp_path / "home"), "IMAGETOOLS_CACHE": str(tmp_path / "cache"), "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    for words in COMMANDS:
        run_here(words)
    found = sorted(path for path in (tmp_path / "cache").rglob("*") if path.is_file())
    assert {path.relative_to(tmp_path / "cache").parts[0] for path in found} >= {"eval", "fetch", "parse"}
    return found


@pytest.mark.parametrize("kind", DAMAGES)
def test_files_with_other_bytes(kind: str, cached: list[Path], capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    whole = said(capfd)
    assert [code for code, _, _ in whole] == [0, 0, 1]
    for path in cached:
        data = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(DAMAGES[kind](data) if data else b"what was a lock")
    assert said(capfd) == whole
    assert said(capfd) == whole  # with what the first of them has left


def test_other_things_where_files_should_be(cached: list[Path], capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    whole = said(capfd)
    for at, path in enumerate(cached):
        path.unlink()
        if at % 3 == 0:
            path.mkdir()
        elif at % 3 == 1:
            path.symlink_to(path.name)
        else:
            path.symlink_to("/dev/null")
    assert said(capfd) == whole


def test_a_file_where_a_folder_should_be(cached: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    whole = said(capfd)
    for name in ("eval", "parse"):
        (tmp_path / "cache" / name).rename(tmp_path / f"old-{name}")
        (tmp_path / "cache" / name).write_text("no folder")
    assert cached and said(capfd) == whole
