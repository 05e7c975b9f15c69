"""With what ``imagetools build`` ends, beside real ``nix-build``: one failure of each kind, and several with --keep-going.

Both run the same definition, with the host's programs in the sandbox; theirs first, so that the table holds nothing but names.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oracle.builds import Pair, pair
from tests.oracle.commands import with_host_programs
from tests.oracle.peers import need
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

DEFINITION = """let
  sh = name: more: script: derivation ({
    inherit name;
    system = builtins.currentSystem;
    builder = "/bin/sh";
    PATH = "/usr/bin:/bin";
    args = [ "-ec" script ];
  } // more);
  fixed = { outputHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; };
in
rec {
  good = sh "good" { } "echo > $out";
  fail = sh "fail" { } "exit 3";
  hash = sh "hash" fixed "echo > $out";
  fetch = sh "fetch" fixed "exit 3";
  missing = sh "missing" { } "true";
  system = sh "system" { system = "x-y"; } "true";
  program = derivation { name = "program"; system = builtins.currentSystem; builder = "/none"; };
  builtin = derivation { name = "builtin"; system = builtins.currentSystem; builder = "builtin:none"; };
  references = sh "references" { allowedReferences = [ ]; text = builtins.toFile "t" "t"; } "echo $text > $out";
  late = sh "late" { } "sleep 1000";
  talks = sh "talks" { } "yes";
  after.fail = sh "after-fail" { inherit fail; } "true";
  after.hash = sh "after-hash" { inherit hash; } "true";
  after.missing = sh "after-missing" { inherit missing; } "true";
  after.both = sh "after-both" { inherit fail hash; } "true";
  idle = sh "idle" { } "echo > $out";
  same = sh "same" { } "echo > $out";
  random = sh "random" { } "cat /proc/sys/kernel/random/uuid > $out";
}
"""
CASES = {
    "good": "-A good",
    "a builder": "-A fail",
    "a hash": "-A hash",
    "a fetcher": "-A fetch",
    "no output": "-A missing",
    "another system": "-A system",
    "no program": "-A program",
    "no such builtin": "-A builtin",
    "references": "-A references",
    "time": "-A late --timeout 1",
    "silence": "-A late --max-silent-time 1",
    "a log that is too long": "-A talks --option max-build-log-size 100",
    "no jobs": "-A idle -j0",
    "below: a builder": "-A after.fail",
    "below: a hash": "-A after.hash",
    "below: no output": "-A after.missing",
    "going on: a builder and a hash": "-k -A fail -A hash",
    "going on: a builder and what needs it": "-k -A fail -A after.fail",
    "going on: two below": "-k -A after.both",
    "going on: no output and another system": "-k -A missing -A system",
    "going on: no output and a builder": "-k -A missing -A fail",
    "going on: time and a builder": "-k -A late -A fail --timeout 1",
    "going on: time and a hash": "-k -A late -A hash --timeout 1",
    "going on: all but one": "-k -A good -A fetch -A missing",
    "no such attribute": "-A nothing",
}


@pytest.fixture(scope="module")
def stores() -> Iterator[Pair]:
    need("nix-build")
    need_namespaces()
    with pair() as made:
        (made.folder / "x.nix").write_text(DEFINITION)
        yield made


def by_nix(stores: Pair, words: str) -> "subprocess.CompletedProcess[str]":
    return stores.nix("nix-build", str(stores.folder / "x.nix"), "--no-out-link", *words.split())


def by_us(stores: Pair, words: str) -> "subprocess.CompletedProcess[str]":
    options = ("--no-out-link", "--store", stores.root("ours"), *words.split())
    return with_host_programs("build", str(stores.folder / "x.nix"), *options, home=stores.folder, check=False)


@pytest.mark.parametrize("name", CASES)
def test_same_exit_code(stores: Pair, name: str) -> None:
    theirs, ours = by_nix(stores, CASES[name]), by_us(stores, CASES[name])
    assert ours.returncode == theirs.returncode, (theirs.stderr, ours.stderr)


def test_checks(stores: Pair) -> None:
    """In one piece, since a check needs what was built before."""
    for words in ("-A same -A random", "--check -A same", "--check -A random", "--check -A nothing"):
        theirs, ours = by_nix(stores, words), by_us(stores, words)
        assert ours.returncode == theirs.returncode, (words, theirs.stderr, ours.stderr)
    assert by_us(stores, "--check -A random").returncode == 104
    fresh = by_nix(stores, "--check -A fail"), by_us(stores, "--check -A fail")
    assert [done.returncode for done in fresh] == [1, 1], [done.stderr for done in fresh]


def test_dry_run_says_what_nix_build_says(stores: Pair) -> None:
    for words in ("-A fail -A after.both --dry-run", "-A after.fail --dry-run", "-A good --dry-run"):
        theirs, ours = by_nix(stores, words), by_us(stores, words)
        assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout) == (0, "")
        assert sorted(ours.stderr.splitlines()) == sorted(_without_warnings(theirs.stderr))


def test_dry_run_as_json(stores: Pair) -> None:
    done = by_us(stores, "-A after.both --dry-run --json")
    plan = json.loads(done.stdout)
    assert [Path(step["drvPath"]).name[33:] for step in plan["willBuild"]][-1] == "after-both.drv"
    assert {Path(step["outputs"]["out"]).name[33:] for step in plan["willBuild"]} == {"fail", "hash", "after-both"}
    assert (done.returncode, done.stderr, plan["willFetch"]) == (0, "", [])


def _without_warnings(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("warning:")]


def test_dry_run_writes_no_output(stores: Pair) -> None:
    """``instantiate --dry-run`` writes nothing at all, as Nix's."""
    folder = stores.folder / "fresh"
    words = ("-A", "good", "--dry-run", "--store", str(folder))
    done = with_host_programs("instantiate", str(stores.folder / "x.nix"), *words, home=stores.folder)
    theirs = stores.nix("nix-instantiate", str(stores.folder / "x.nix"), "-A", "good", "--dry-run", side="fresh2")
    assert done.stdout == theirs.stdout
    assert not Path(folder).exists()
