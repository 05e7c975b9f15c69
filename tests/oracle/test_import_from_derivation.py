"""Building while evaluating, beside Nix 2.8: values, store paths, exit codes and sentences; and what stops it (row 4.058).

Nix quirk: with a store below another root 2.8 does not find the references of what it reads or copies (the outputs here have
none), nor what ``findFile`` is given, nor that a .drv file is one; tests/unit/instantiate has those.
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.golden.bad_input.command import argv_for
from tests.oracle.builds import Pair, pair
from tests.oracle.commands import with_host_programs
from tests.oracle.peers import need
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

LET = """let
  sh = name: more: script: derivation ({
    inherit name;
    system = builtins.currentSystem;
    builder = "/bin/sh";
    PATH = "/usr/bin:/bin";
    args = [ "-ec" script ];
  } // more);
  number = sh "number" { } "echo 42 > $out";
  tree = sh "tree" { outputs = [ "out" "dev" ]; } ''
    mkdir -p $out/lib; echo '{ a, b ? 2 }: a + b' > $out/lib/default.nix; echo 'y * 2' > $out/scoped.nix
    ln -s lib/default.nix $out/link; echo plain > $out/text; echo "[ 1 ]" > $dev
  '';
  nested = import (sh "nested" { n = import number; } "echo $((n + 1)) > $out");
  fails = sh "fails" { } "echo said; exit 3";
  wrong = sh "wrong" { outputHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; } "echo > $out";
in
"""
VALUES = [
    "import number",
    "nested",
    'import "${tree}/lib" { a = 1; }',
    '(import (tree + "/link")) { a = 1; }',
    'builtins.scopedImport { y = 21; } "${tree}/scoped.nix"',
    "builtins.readDir tree",
    'builtins.readDir "${tree}/lib"',
    "builtins.readFile number",
    'map (name: builtins.pathExists "${tree}/${name}") [ "lib" "none" "link" "lib/" ]',
    'builtins.hashFile "sha256" number',
    "builtins.fromJSON (builtins.readFile number)",
    '(builtins.filterSource (path: kind: kind != "symlink") tree)',
    'builtins.path { path = tree; name = "copied"; filter = path: kind: baseNameOf path != "lib"; }',
    'builtins.path { path = "${tree}/lib"; name = "part"; }',
    "import tree.dev",
    '"${builtins.toFile "t" (builtins.readFile number)}"',
    '(sh "uses" { copied = builtins.path { path = tree; name = "whole"; }; n = nested; } "true").drvPath',
]
FAILURES = {
    "a failing builder": ("import fails", 100),
    "a wrong hash": ("builtins.readFile wrong", 102),
    "a wrong hash below": ('import (sh "below" { inherit wrong; } "echo 1 > $out")', 102),
    "tryEval does not see it": ("builtins.tryEval (import fails)", 100),
    "what was built is no Nix": ('import (sh "text" { } "echo \'{\' > $out")', 1),
    "no such file in it": ('builtins.readFile "${tree}/none"', 1),
}


@pytest.fixture(scope="module")
def stores() -> Iterator[Pair]:
    need("nix-instantiate")
    need_namespaces()
    with pair() as made:
        yield made


def by_nix(stores: Pair, *words: str) -> "subprocess.CompletedProcess[str]":
    return stores.nix("nix-instantiate", *words)


def ours(stores: Pair, command: str, *words: str, store: str = "ours") -> "subprocess.Popen[str]":
    return subprocess.Popen(
        argv_for(command, *words, "--store", stores.root(store)),
        cwd=stores.folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(stores.folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def by_us(stores: Pair, command: str, *words: str, stdin: str = "", store: str = "ours") -> "tuple[int, str, str]":
    words = (command, *words, "--store", stores.root(store))
    done = with_host_programs(*words, home=stores.folder, stdin=stdin.encode(), check=False)
    return done.returncode, done.stdout, done.stderr


def test_same_values(stores: Pair) -> None:
    text = f"{LET} [ ({') ('.join(VALUES)}) ]"
    theirs = by_nix(stores, "--eval", "--strict", "--read-write-mode", "-E", text)
    assert theirs.returncode == 0, theirs.stderr
    code, out, said = by_us(stores, "eval", "--strict", "--read-write-mode", "-E", text)
    assert code == 0, said
    assert out == theirs.stdout
    assert "building '/nix/store/" in said


def test_same_derivations_by_every_command(stores: Pair) -> None:
    text = LET + 'sh "result" { n = nested; t = builtins.readFile "${tree}/scoped.nix"; } "echo $n $t > $out"'
    theirs = by_nix(stores, "-E", text)
    assert by_us(stores, "instantiate", "-E", text, store="fresh")[:2] == (0, theirs.stdout)
    (stores.folder / "x.nix").write_text(text)
    code, out, said = by_us(stores, "build", "x.nix", "--no-out-link", store="fresh2")
    assert (code, Path(out.strip()).read_text()) == (0, "43 y * 2\n"), said
    code, out, said = by_us(stores, "repl", stdin=f"x = {text}\nbuiltins.readFile x\n:b x\n", store="fresh3")
    assert (code, out.splitlines()[0]) == (0, '"43 y * 2\\n"'), said
    assert out.splitlines()[1].startswith("out -> ")


@pytest.mark.parametrize("name", FAILURES)
def test_same_failures(stores: Pair, name: str) -> None:
    text, code = FAILURES[name]
    theirs = by_nix(stores, "--eval", "--read-write-mode", "-E", LET + text, "--show-trace")
    done, _, said = by_us(stores, "eval", "--read-write-mode", "-E", LET + text, "--show-trace")
    assert done == theirs.returncode == code, (theirs.stderr, said)
    for word in ("while realising the context of path '/nix/store/",):
        assert (word in said) == (word in theirs.stderr), (theirs.stderr, said)


@pytest.mark.parametrize("option", [["--no-allow-import-from-derivation"], ["--option", "allow-import-from-derivation", "false"]])
def test_it_can_be_forbidden(stores: Pair, option: list[str]) -> None:
    for text in (LET + "import number", LET + 'builtins.pathExists "${tree}/x"'):
        theirs = by_nix(stores, "-E", text, *option)
        code, _, said = by_us(stores, "instantiate", "-E", text, *option)
        assert code == theirs.returncode == 1
        assert said.splitlines()[0] == theirs.stderr.splitlines()[0]
        assert said.startswith("error: cannot build '/nix/store/")


def test_without_writing_only_what_is_in_the_store_is_built(stores: Pair) -> None:
    for text in ('import (sh "unwritten" { } "echo 1 > $out")', "import number"):
        theirs = by_nix(stores, "--eval", "-E", LET + text)
        code, out, said = by_us(stores, "eval", "-E", LET + text)
        assert (code, out) == (theirs.returncode, theirs.stdout), (theirs.stderr, said)
        assert said.splitlines()[:1] == theirs.stderr.splitlines()[:1]


def test_restricted_and_pure_evaluation_see_what_they_have_built(stores: Pair) -> None:
    text = LET.replace("builtins.currentSystem", '"x86_64-linux"') + '[ (import number) (builtins.readFile "${tree}/text") ]'
    for option in ("restrict-eval", "pure-eval"):
        theirs = by_nix(stores, "--eval", "--strict", "--read-write-mode", "-E", text, "--option", option, "true")
        code, out, said = by_us(stores, "eval", "--strict", "--read-write-mode", "-E", text, f"--{option}")
        assert (code, out) == (theirs.returncode, theirs.stdout), (theirs.stderr, said)


@pytest.mark.parametrize(
    ("number", "code", "word"), [("INT", 130, "interrupted"), ("TERM", 143, "terminated"), ("HUP", 129, "hung up")]
)
@pytest.mark.parametrize("command", ["eval --read-write-mode", "build --no-out-link"])
def test_stopping_leaves_nothing(stores: Pair, command: str, number: str, code: int, word: str) -> None:
    text = LET + 'import (sh "slow" { } "echo started; sleep 1000")'
    first, *words = command.split()
    process = ours(stores, first, *words, "-E", text, store="stopped")
    assert process.stderr is not None
    while "started" not in (line := process.stderr.readline()):
        assert line
    process.send_signal(getattr(signal, f"SIG{number}"))
    said = process.communicate(timeout=30)[1]
    assert (process.returncode, said.splitlines()[-1]) == (code, f"error: {word}")
    root = Path(stores.root("stopped"))
    assert [name for name in os.listdir(root / "nix/store") if name.endswith((".chroot", ".lock"))] == []
    assert os.listdir(root / "nix/var/nix/temproots") == []


def test_an_interrupt_in_repl_stops_the_build_and_nothing_else(stores: Pair) -> None:
    process = ours(stores, "repl", store="stopped")
    assert process.stderr is not None and process.stdin is not None
    text = " ".join(LET.split())
    process.stdin.write(f'{text} import (sh "slow" {{ }} "echo started; sleep 1000")\n')
    process.stdin.flush()
    while "started" not in (line := process.stderr.readline()):
        assert line
    process.send_signal(signal.SIGINT)
    out, said = process.communicate("1 + 1\n", timeout=30)
    assert (out, said.splitlines()[-1], process.returncode) == ("2\n", "error: interrupted", 1)
    assert [name for name in os.listdir(Path(stores.root("stopped")) / "nix/store") if name.endswith(".chroot")] == []
