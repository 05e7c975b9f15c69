"""Evaluations from their records, as a person meets them."""

import json
import shutil
from pathlib import Path

import pytest

from tests.oracle.commands import imagetools

ANSWERED = "evaluation: answered from its record"
DERIVATION = (
    'derivation { name = "x"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo ${./text} > $out" ]; }\n'
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "default.nix").write_text(DERIVATION)
    (tmp_path / "text").write_text("one")
    return tmp_path


def test_the_second_time_nothing_is_evaluated(home: Path) -> None:
    first = imagetools("instantiate", "--explain", home=home)
    assert "since there was no record" in first.stderr
    second = imagetools("instantiate", "--explain", home=home)
    assert second.stderr.startswith(ANSWERED)
    assert second.stdout == first.stdout
    (home / "text").write_text("two")
    third = imagetools("instantiate", "--explain", home=home)
    assert f"since something has changed: tree {home}/text" in third.stderr
    assert third.stdout != first.stdout


def test_every_form_has_its_own_record(home: Path) -> None:
    forms: tuple[list[str], ...] = (["--json"], ["--xml"], ["--strict"], [], ["--raw", "-A", "name"], ["-A", "name"])
    answers = [imagetools("eval", *form, home=home).stdout for form in forms]
    again = [imagetools("eval", "--explain", *form, home=home) for form in forms]
    assert [done.stdout for done in again] == answers
    assert all(done.stderr.startswith(ANSWERED) for done in again)
    assert (
        imagetools("instantiate", "--dry-run", "--json", home=home).stdout
        == imagetools("instantiate", "--dry-run", "--json", home=home).stdout
    )


def test_arguments_and_settings_are_asked_for_too(home: Path) -> None:
    (home / "f.nix").write_text("{ a ? 0 }: a + builtins.stringLength builtins.currentSystem")
    for words in (
        ["--arg", "a", "1"],
        ["--arg", "a", "2"],
        ["--system", "i686-linux", "--arg", "a", "1"],
        ["-I", "x=/", "--arg", "a", "1"],
    ):
        assert "no record" in imagetools("eval", "--explain", "f.nix", *words, home=home).stderr


def test_a_build_whose_derivation_is_gone_is_evaluated(home: Path) -> None:
    (home / "default.nix").write_text('builtins.toFile "x" "y"')
    (home / "b.nix").write_text(DERIVATION)
    drv = imagetools("instantiate", "b.nix", home=home).stdout.strip()
    imagetools("store", "gc", home=home)
    done = imagetools("instantiate", "--explain", "b.nix", home=home)
    assert "a store object that it needs is gone" in done.stderr
    assert done.stdout.strip() == drv
    shutil.rmtree(home / ".cache/imagetools")
    assert imagetools("instantiate", "b.nix", home=home).stdout.strip() == drv


def test_lines_come_again_in_order(home: Path) -> None:
    text = 'builtins.trace "one" (builtins.trace "two" (builtins.warn "three" 4))'
    first = imagetools("eval", "-E", text, home=home)
    second = imagetools("eval", "--explain", "-E", text, home=home)
    assert (second.stdout, second.stderr.partition("evaluation: ")[0]) == (first.stdout, first.stderr)
    assert ANSWERED in second.stderr


def test_failures_are_not_recorded_and_what_came_before_is_shown(home: Path) -> None:
    for _ in range(2):
        done = imagetools("eval", "--explain", "-E", "1", 'throw "no"', home=home, check=False)
        assert (done.returncode, done.stdout) == (1, "1\n")
        assert ANSWERED not in done.stderr


@pytest.mark.parametrize("damage", [b"", b"imagetools evaluation 1\n", None])
def test_a_damaged_record_is_none(home: Path, damage: bytes | None) -> None:
    imagetools("eval", "-E", "1", home=home)
    (record,) = (home / ".cache/imagetools/eval").iterdir()
    data = record.read_bytes()
    record.write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if damage is None else damage)
    done = imagetools("eval", "--explain", "-E", "1", home=home)
    assert done.stdout == "1\n"
    assert "no record" in done.stderr


@pytest.mark.parametrize("words", [["--no-eval-cache"], ["--option", "eval-cache", "false"]])
def test_it_can_be_switched_off(home: Path, words: list[str]) -> None:
    for _ in range(2):
        done = imagetools("eval", "--explain", *words, "-E", "1", home=home)
        assert done.stderr == "evaluation: evaluated: records are not used here\n"
    assert not (home / ".cache/imagetools/eval").exists()


def test_standard_input_is_evaluated_each_time(home: Path) -> None:
    for text in (b"1", b"2"):
        assert imagetools("eval", "-", home=home, stdin=text).stdout == text.decode() + "\n"


def test_what_cannot_be_asked_again_is_evaluated_each_time(home: Path) -> None:
    for _ in range(2):
        done = imagetools("eval", "--explain", "-E", "builtins.isInt builtins.currentTime", home=home)
        assert "not recorded: it asks for the time" in done.stderr


def test_environment_variables(home: Path) -> None:
    text = 'builtins.getEnv "WHO"'
    for who in ("ann", "bob", "ann"):
        assert json.loads(imagetools("eval", "-E", text, home=home, variables={"WHO": who}).stdout) == who


def test_importing_from_a_derivation(home: Path) -> None:
    (home / "text").write_text("42")
    (home / "i.nix").write_text("import (import ./.)")
    (home / "default.nix").write_text(DERIVATION.replace("echo ${./text}", "echo 42"))
    assert imagetools("eval", "--read-write-mode", "i.nix", home=home).stdout == "42\n"
    for expected in ("no record", ANSWERED):
        done = imagetools("instantiate", "--explain", "-E", "if import ./i.nix == 42 then [ ] else throw 1", home=home)
        assert expected in done.stderr
