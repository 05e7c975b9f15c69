"""``imagetools build`` and ``log`` from files to results, in a store that real Nix checks.

Rows 1.004-1.006, 4.028-4.039, 6.035-6.043.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.oracle.commands import imagetools, nix
from tests.oracle.packages import Furnish
from tests.oracle.peers import need

pytestmark = pytest.mark.oracle

SET = "with import <nixpkgs> { };"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, furnish: Furnish) -> Path:
    """A user whose store already has the package set."""
    need("apt-get")
    return furnish(tmp_path_factory.mktemp("home"))


def build(home: Path, text: str, *words: str, check: bool = True) -> "tuple[int, list[str], str]":
    """Exit code, printed paths and standard error of building an expression."""
    done = imagetools("build", "-E", f"{SET} {text}", *words, home=home, check=check)
    return done.returncode, done.stdout.split(), done.stderr


def root(home: Path) -> Path:
    return home / ".local/share/imagetools"


def test_a_command_makes_a_file(home: Path) -> None:
    code, (path,), stderr = build(home, 'runCommand "greeting" { who = "world"; } "echo hello $who > $out"', "--no-out-link")
    assert code == 0
    assert Path(path).read_text() == "hello world\n"
    assert path.startswith(str(root(home) / "nix/store"))
    assert "this derivation will be built:" in stderr
    assert "building '/nix/store/" in stderr


def test_nothing_to_do_says_nothing(home: Path) -> None:
    text = 'runCommand "quiet" { } "echo > $out"'
    first = build(home, text, "--no-out-link")
    second = build(home, text, "--no-out-link")
    assert second == (0, first[1], "")


def test_links_are_named_like_those_of_nix_build(home: Path, tmp_path: Path) -> None:
    text = """(let d = derivation { name = "two"; system = builtins.currentSystem; builder = "${busybox}/bin/sh";
        outputs = [ "out" "dev" ]; args = [ "-c" "echo 1 > $out; echo 2 > $dev" ]; }; in [ d d.dev (writeText "other" "x") ])"""
    build(home, text, "-o", str(tmp_path / "result"))
    assert {link.name: link.read_text() for link in tmp_path.iterdir()} == {"result": "1\n", "result-dev": "2\n", "result-2": "x"}
    links = {os.readlink(link) for link in (root(home) / "nix/var/nix/gcroots/auto").iterdir()}
    assert {str(tmp_path / name) for name in ("result", "result-dev", "result-2")} <= links


def test_a_file_is_not_overwritten_by_a_link(home: Path, tmp_path: Path) -> None:
    (tmp_path / "result").write_text("mine")
    code, _, stderr = build(home, 'writeText "x" "y"', "-o", str(tmp_path / "result"), check=False)
    assert code == 1
    assert "already exists" in stderr
    assert (tmp_path / "result").read_text() == "mine"


def test_json_and_logical_paths(home: Path, tmp_path: Path) -> None:
    done = imagetools("build", "-E", f'{SET} writeText "x" "y"', "--json", "-o", str(tmp_path / "r"), home=home)
    (described,) = json.loads(done.stdout)
    assert described["outputs"]["out"].startswith("/nix/store/")
    assert described["drvPath"].endswith("-x.drv")
    assert described["link"] == str(tmp_path / "r")
    assert Path(described["physical"]).read_text() == "y"
    assert build(home, 'writeText "x" "y"', "--no-out-link", "--print-logical")[1] == [described["outputs"]["out"]]


def test_a_failed_build_shows_its_end_and_where_the_rest_is(home: Path) -> None:
    text = 'runCommand "broken" { } "for i in $(seq 30); do echo line $i; done; exit 3"'
    code, paths, stderr = build(home, text, "--no-out-link", check=False)
    assert (code, paths) == (100, [])
    after = stderr[stderr.index("error: ") :]
    assert "-broken.drv' failed with exit code 3" in after
    assert "last 10 log lines:" in after
    assert "> line 21\n" in after
    assert "> line 20\n" not in after
    drv = after.split("'")[1]
    assert f"imagetools log {drv}" in after
    assert imagetools("log", drv, home=home).stdout == "".join(f"line {i}\n" for i in range(1, 31))
    theirs = nix("nix-store", "--read-log", drv, root=root(home))
    assert theirs.stdout == "".join(f"line {i}\n" for i in range(1, 31))


def test_a_failure_is_not_remembered(home: Path) -> None:
    text = 'runCommand "again" { } "exit 1"'
    assert build(home, text, "--no-out-link", check=False)[0] == 100
    assert "building '" in build(home, text, "--no-out-link", check=False)[2]


def test_a_wrong_hash_is_shown_with_the_right_one(home: Path) -> None:
    text = """derivation { name = "fixed"; system = builtins.currentSystem; builder = "${busybox}/bin/sh";
      args = [ "-c" "echo hello > $out" ]; outputHashAlgo = "sha256"; outputHash = %s; }"""
    empty = text % '""'
    code, _, stderr = build(home, f"({empty})", "--no-out-link", check=False)
    assert code == 102
    lines = stderr[stderr.index("error: hash mismatch") :].splitlines()
    assert lines[0].startswith("error: hash mismatch in fixed-output derivation '/nix/store/")
    assert lines[1].split() == ["specified:", "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]
    assert lines[2].split() == ["got:", "sha256-WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM="]
    right = text % '"sha256-WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM="'
    code, (path,), _ = build(home, f"({right})", "--no-out-link")
    assert Path(path).read_text() == "hello\n"


def test_changing_how_something_is_fetched_builds_nothing(home: Path) -> None:
    text = """(derivation { name = "same"; system = builtins.currentSystem; builder = "${busybox}/bin/sh"; url = "%s";
      args = [ "-c" "echo hello > $out" ]; outputHash = "sha256-WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM="; })"""
    first = build(home, text % "one", "--no-out-link")
    assert build(home, text % "two", "--no-out-link") == (0, first[1], "")


def test_a_file_through_fetchurl(home: Path, tmp_path: Path) -> None:
    (tmp_path / "source.txt").write_text("hello\n")
    hash_ = "sha256-WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM="
    _, (path,), _ = build(home, f'fetchurl {{ url = "file://{tmp_path}/source.txt"; hash = "{hash_}"; }}', "--no-out-link")
    assert Path(path).read_text() == "hello\n"


def test_pass_as_file_graphs_and_placeholders(home: Path) -> None:
    text = """runCommand "special" { passAsFile = [ "big" ]; big = "from a file"; self = builtins.placeholder "out";
        exportReferencesGraph = [ "graph" bash ]; }
      ''mkdir $out; cat $bigPath > $out/big; head -n 1 graph > $out/graph; test "$self" = "$out"''"""
    _, (path,), _ = build(home, text, "--no-out-link")
    assert Path(path, "big").read_text() == "from a file"
    assert Path(path, "graph").read_text().startswith("/nix/store/")


@pytest.mark.parametrize(
    "attribute",
    [
        '__contentAddressed = true; outputHashMode = "recursive"; outputHashAlgo = "sha256"',
        "__impure = true",
        'requiredSystemFeatures = [ "no-such-feature" ]',
    ],
)
def test_what_is_not_there_is_named(attribute: str, home: Path) -> None:
    text = f"""derivation {{ name = "later"; system = builtins.currentSystem; builder = "${{busybox}}/bin/sh";
      args = [ "-c" "echo > $out" ]; {attribute}; }}"""
    code, _, stderr = build(home, f"({text})", "--no-out-link", check=False)
    assert code != 0
    assert attribute.split(maxsplit=1)[0] in stderr or "no-such-feature" in stderr


def test_another_system_is_refused(home: Path) -> None:
    text = '(derivation { name = "x"; system = "vax-vms"; builder = "b"; })'
    code, _, stderr = build(home, text, "--no-out-link", check=False)
    assert code != 0
    assert "vax-vms" in stderr


def test_real_nix_finds_the_store_whole(home: Path) -> None:
    need("nix-store")
    _, (image,), _ = build(
        home, 'dockerTools.buildLayeredImage { name = "x"; contents = [ bash ]; }', "--no-out-link", "--print-logical"
    )
    done = nix("nix-store", "--verify", "--check-contents", root=root(home))
    assert [line for line in done.stderr.splitlines() if not line.endswith("...")] == []
    references = nix("nix-store", "-q", "--requisites", image, root=root(home)).stdout.split()
    assert references == [image]
    (deriver,) = nix("nix-store", "-q", "--deriver", image, root=root(home)).stdout.split()
    assert deriver.endswith("-x.tar.gz.drv")


@pytest.mark.parametrize(
    ("number", "code", "word"), [("INT", 130, "interrupted"), ("TERM", 143, "terminated"), ("HUP", 129, "hung up")]
)
def test_a_stopped_build_says_so(number: str, code: int, word: str, home: Path) -> None:
    text = f'{SET} runCommand "endless" {{ }} "echo started; ${{busybox}}/bin/sleep 1000"'
    environment = {**os.environ, "HOME": str(home), "NIX_PATH": ""}
    argv = [sys.executable, "-m", "imagetools", "build", "-E", text, "--no-out-link"]
    process = subprocess.Popen(argv, cwd=home, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    while process.stderr.readline() != "started\n":
        assert process.poll() is None
    process.send_signal(signal.Signals[f"SIG{number}"])
    _, stderr = process.communicate(timeout=30)
    assert (process.returncode, stderr) == (code, f"error: {word}\n")
    assert [name for name in os.listdir(root(home) / "nix/store") if "endless" in name and not name.endswith(".drv")] == []


def test_without_jobs_only_local_builds_run(home: Path) -> None:
    """Row 4.046: ``runCommandLocal`` sets preferLocalBuild, which builds even with ``--max-jobs 0``."""
    code, paths, _ = build(home, 'runCommandLocal "near" { } "echo > $out"', "--no-out-link", "-j", "0")
    assert (code, len(paths)) == (0, 1)
    code, _, stderr = build(home, 'runCommand "far" { } "echo > $out"', "--no-out-link", "-j", "0", check=False)
    assert code == 1
    assert "unable to start any build of" in stderr
