"""--profile and --show-stats, and Nix's variables for them."""

import json
from pathlib import Path

import pytest

from imagetools.app.watch import Watch
from tests.golden.bad_input.command import run_here


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("NIX_SHOW_STATS", "NIX_SHOW_STATS_PATH", "NIX_COUNT_CALLS", "IMAGETOOLS_STORE", "IMAGETOOLS_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("environment", "profile", "option", "wanted"),
    [
        ({}, None, False, False),
        ({}, "f", False, True),
        ({}, None, True, True),
        ({"NIX_SHOW_STATS": "1"}, None, False, True),
        ({"NIX_SHOW_STATS": "0", "NIX_COUNT_CALLS": "1"}, None, False, False),
    ],
)
def test_when_there_is_something_to_do(environment: dict[str, str], profile: str | None, option: bool, wanted: bool) -> None:
    watch = Watch(environment, profile, show_stats=option)
    assert watch.wanted is wanted
    assert (watch.watcher is not None) is wanted


def test_statistics_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here(["eval", "--show-stats", "-E", "let f = x: x; in f 1"]) == 0
    said = capsys.readouterr()
    assert said.out == "1\n"
    found = json.loads(said.err)
    assert found["nrFunctionCalls"] == 1
    assert found["cpuTime"] > 0
    assert found["memory"]["peak"] > 1 << 20
    assert "primops" not in found


def test_variables_of_nix(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("NIX_SHOW_STATS", "1")
    monkeypatch.setenv("NIX_COUNT_CALLS", "1")
    monkeypatch.setenv("NIX_SHOW_STATS_PATH", "stats.json")
    expression = '(derivation { name = "x"; system = "s"; builder = "b"; }).drvPath'
    assert run_here(["eval", "-E", expression]) == 0
    assert capsys.readouterr().err == ""
    assert json.loads((place / "stats.json").read_text())["primops"]["derivationStrict"] == 1


def test_a_profile_and_its_graph(place: Path) -> None:
    (place / "x.nix").write_text("let fä = n: if n < 2 then n else fä (n - 1) + fä (n - 2); in fä 18".replace("ä", "ib"))
    assert run_here(["eval", "--profile", "p", "x.nix"]) == 0
    lines = (place / "p").read_text().splitlines()
    assert any(f"{place}/x.nix;fib {place}/x.nix:1:11;fib " in line for line in lines)
    assert all(int(line.rpartition(" ")[2]) > 0 for line in lines)
    assert "<svg" in (place / "p.svg").read_text()


def test_what_fails_has_a_profile_too(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here(["instantiate", "--dry-run", "--show-stats", "--profile", "p", "-E", 'throw "no"']) == 1
    assert (place / "p.svg").exists()
    said = capsys.readouterr().err
    assert said.index('"nrPrimOpCalls": 1') < said.index("error: no")


def test_a_place_that_cannot_be_written_is_said_before_anything_is_evaluated(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here(["eval", "--profile", "no/p", "-E", 'builtins.trace "evaluated" 1']) == 1
    assert capsys.readouterr().err == "error: No such file or directory: no/p\n"


def test_no_record_answers_what_is_watched(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "x.nix").write_text("1 + 1")
    for words in (["eval", "x.nix"], ["eval", "--explain", "--show-stats", "x.nix"]):
        assert run_here(words) == 0
    assert "evaluation: evaluated: " in capsys.readouterr().err
