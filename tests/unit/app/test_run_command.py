"""``imagetools run`` as a whole: what a program of the store gets from the command line, and gives back."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.oracle.commands import imagetools
from tests.unit.app.terminals import imagetools as on_terminal
from tests.unit.sandbox.cage import need_namespaces

SCRIPT = """#!/bin/sh
case $1 in
  where) echo "$0"; dirname "$(readlink -f "$0")"; pwd;;
  words) shift; for word; do echo "[$word]"; done;;
  tty) tty; read line; echo "got $line";;
  end) exit "$2";;
  kill) kill -"$2" $$;;
esac
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need_namespaces()
    made = tmp_path_factory.mktemp("run")
    program = made / "tree/bin/hello"
    program.parent.mkdir(parents=True)
    program.write_text(SCRIPT)
    program.chmod(0o755)
    physical = imagetools("store", "add", "--physical", "--name", "hello-1.0", "tree", home=made).stdout.strip()
    os.symlink(physical, made / "result")
    return made


def run(home: Path, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
    return imagetools("run", *words, home=home, check=check)


def test_a_package_by_its_link_and_a_program_in_it(home: Path) -> None:
    name = Path(os.readlink(home / "result")).name
    expected = f"/nix/store/{name}/bin/hello\n/nix/store/{name}/bin\n{home}\n"
    for path in ("result", "./result/bin/hello", f"/nix/store/{name}", name, os.readlink(home / "result")):
        assert run(home, path, "where").stdout == expected


def test_every_word_after_the_path_is_the_program_s(home: Path) -> None:
    words = ["--arg", "a", "b", "--debug", "-A", "--", "--help", "", "x y", "--version", "--show-trace"]
    assert run(home, "result", "words", *words).stdout == "".join(f"[{word}]\n" for word in words)
    assert run(home, "--debug", "--", "result", "words", "-I").stdout == "[-I]\n"


def test_exit_codes_and_signals(home: Path) -> None:
    assert run(home, "result", "end", "7", check=False).returncode == 7
    assert run(home, "result", "kill", "TERM", check=False).returncode == -signal.SIGTERM


def test_the_terminal(home: Path) -> None:
    with on_terminal(home, "run", "result", "tty") as terminal:
        assert "/dev/pts" in terminal.until("\n")
        terminal.send("line\r")
        terminal.until("got line")
        assert terminal.end() == 0


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("nothing", 1, "error: path 'nothing' does not exist, and it is not the name of a store object\n"),
        ("tree", 1, "error: path 'tree' is not in the store\n"),
        ("result/bin/none", 127, "it does not exist\n"),
    ],
)
def test_what_cannot_be_run(home: Path, path: str, code: int, message: str) -> None:
    ran = run(home, path, "words", check=False)
    assert ran.returncode == code
    assert ran.stderr.endswith(message)


def test_a_nix_file_that_means_several_things(home: Path) -> None:
    (home / "two.nix").write_text('map (name: derivation { inherit name; system = "s"; builder = "b"; }) [ "a" "b" ]')
    ran = run(home, "two.nix", check=False)
    assert (ran.returncode, ran.stderr) == (
        1,
        "error: the expression means 2 derivations: a, b\n\n       name one of them: -A ATTR, or -A NUMBER in a list\n",
    )
    (home / "none.nix").write_text("[ ]")
    assert run(home, "none.nix", check=False).stderr.startswith("error: expression does not evaluate to a derivation")
    assert "required to build" in run(home, "-A", "1", "two.nix", check=False).stderr  # no machine has this system


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--restrict-eval", "error: access to absolute path '/etc/hostname' is forbidden in restricted mode\n"),
        ("--pure-eval", "error: access to absolute path '/etc/hostname' is forbidden in pure evaluation mode\n"),
    ],
)
def test_what_the_evaluation_may_not_see(option: str, sentence: str, home: Path) -> None:
    text = 'derivation { name = builtins.readFile /etc/hostname; system = "s"; builder = "b"; }'
    assert run(home, option, "-E", text, check=False).stderr.startswith(sentence)
    lines = f"builtins.readFile /etc/hostname\nbuiltins.getEnv ''HOME''\nbuiltins ? currentTime\n:l {home}/two.nix\n1 + 1\n"
    typed = imagetools("repl", option, home=home, stdin=lines.encode(), check=False)
    assert typed.returncode == 1
    assert typed.stdout == f'""\n{"false" if option == "--pure-eval" else "true"}\n2\n'
    assert typed.stderr.startswith(sentence)
    assert f"access to absolute path '{home}/two.nix' is forbidden" in typed.stderr
