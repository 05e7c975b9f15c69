"""``imagetools store gc`` beside ``nix-store --gc``: the same verdict; safe beside builds and against SIGKILL."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from imagetools.store.local import LocalStore
from tests.oracle.commands import imagetools, nix
from tests.oracle.killable import Killable
from tests.oracle.packages import STORE, Furnish
from tests.oracle.peers import need
from tests.oracle.test_killed_builds import whole
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

DEFINITION = """{ n }:
with import <nixpkgs> { };
let low = writeText "low" n; in
writeShellScriptBin "top-${n}" "cat ${low}"
"""


def built(home: Path, number: int, *words: str, text: str = DEFINITION) -> None:
    (home / "x.nix").write_text(text)
    imagetools("build", "x.nix", "--argstr", "n", str(number), "--store", str(home / "R"), *words, home=home)


def lines(text: str) -> set[str]:
    return {line for line in text.splitlines() if line.startswith("/nix/store/")}


@pytest.mark.parametrize("options", [(), ("--keep-outputs",), ("--no-keep-derivations",)], ids=" ".join)
def test_the_same_verdict(tmp_path: Path, furnish: Furnish, options: tuple[str, ...]) -> None:
    need("nix-store")
    need_namespaces()
    root = tmp_path / "R"
    built(furnish(tmp_path, store=root), 1, "-o", "kept")
    built(tmp_path, 2, "--no-out-link")
    theirs: list[str] = []
    if "--keep-outputs" in options:
        theirs = ["--option", "keep-outputs", "true"]
    if "--no-keep-derivations" in options:
        theirs = ["--option", "keep-derivations", "false"]
    for what in ("--print-dead", "--print-live"):
        for _ in range(5):  # a process anywhere that has one of the paths open or as an argument counts, as long as it runs
            mine = imagetools("store", "gc", what, *options, "--store", str(root), home=tmp_path).stdout
            peer = nix("nix-store", "--gc", what, *theirs, root=root).stdout
            if lines(mine) == lines(peer):
                break
        assert lines(mine) == lines(peer), what
        assert lines(mine)
    roots = imagetools("store", "gc", "--print-roots", "--store", str(root), home=tmp_path).stdout
    assert roots.startswith(f"{tmp_path}/kept -> /nix/store/")
    before = len(LocalStore(str(root)).all_paths())
    said = imagetools("store", "gc", *options, "--store", str(root), home=tmp_path).stdout
    after = len(LocalStore(str(root)).all_paths())
    assert said.startswith(f"{before - after} store paths deleted, ")
    assert lines(nix("nix-store", "--gc", "--print-dead", *theirs, root=root).stdout) == set()
    whole(root)


#: Six derivations in a row, as a program of the set is made; most are needed for building alone, so they are garbage at once.
CHAIN = """{ n }:
let
  tools = ./tools;
  step = name: script: derivation {
    inherit name;
    system = builtins.currentSystem;
    builder = "${tools}/sh";
    args = [ "-ec" script ];
    PATH = tools;
  };
  low = step "low-${n}" "echo ${n} > $out";
  long = builtins.foldl' (before: i: step "step-${i}-${n}" "cat ${before} > $out; echo ${i} >> $out") low [ "1" "2" "3" "4" ];
in
step "top-${n}" "mkdir $out $out/bin; cat ${long} > $out/bin/top-${n}; echo ${low} >> $out/bin/top-${n}"
"""
LOOP = """
import os
from imagetools.store.local import LocalStore
while not os.path.exists("stop"):
    with LocalStore("R") as store:
        store.collector().collect()
"""


def test_collecting_in_a_loop_while_others_build(tmp_path: Path, furnish: Furnish) -> None:
    """Whatever is deleted between two looks of a build is made again, and nothing that it needs is deleted under it.

    (Nix 2.8's own collector answers a new root before it has settled for all of what it is about to delete; ours does not.)
    """
    need("nix-store")
    need_namespaces()
    root = tmp_path / "R"
    (busybox,) = (furnish(tmp_path) / STORE / "nix/store").glob("*-busybox-static-*/bin/busybox")
    (tmp_path / "tools").mkdir()
    shutil.copyfile(busybox, tmp_path / "tools/sh")
    (tmp_path / "tools/sh").chmod(0o755)
    for name in ("cat", "mkdir"):
        (tmp_path / "tools" / name).symlink_to("sh")
    built(tmp_path, 0, "-o", "first", text=CHAIN)
    (tmp_path / "first").unlink()
    loop = subprocess.Popen([sys.executable, "-c", LOOP], cwd=tmp_path)
    try:
        argv = [sys.executable, "-m", "imagetools", "build", "x.nix", "--store", str(root)]
        environment = {**os.environ, "HOME": str(tmp_path), "NIX_PATH": ""}
        builders = [
            subprocess.Popen(
                [*argv, "--argstr", "n", str(n), "-o", f"result-{n}"],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for n in range(3)
        ]
        for process in builders:
            said, _ = process.communicate()
            assert process.returncode == 0, said
    finally:
        (tmp_path / "stop").touch()
        assert loop.wait() == 0
    whole(root)
    for n in range(3):
        assert (tmp_path / f"result-{n}/bin/top-{n}").is_file()


def test_killed_at_random_moments(tmp_path: Path) -> None:
    """Collections killed a hundred times: what is valid is whole, and the next one ends the work."""
    need("nix-store")
    root = tmp_path / "R"
    chance = random.Random(7)

    def fill(number: int) -> None:
        with LocalStore(str(root), durable=False) as store:
            for n in range(40):
                low = store.add_text(f"low-{number}-{n}", b"x" * 3000)
                store.add_text(f"top-{number}-{n}", low.base_name.encode(), [low])

    fill(0)
    killed = 0
    with Killable(tmp_path) as program:
        code, longest = program.run(None, "store", "gc", "--store", str(root))
        assert code == 0
        for moment in range(100):
            if moment % 4 == 0:
                fill(moment)
            code, _ = program.run(longest * chance.random() * 1.2, "store", "gc", "--store", str(root))
            killed += code == -9
            assert code in (0, -9), (tmp_path / "said").read_text()
            if moment % 20 == 19:
                whole(root)
        assert killed > 10
        assert program.run(None, "store", "gc", "--store", str(root))[0] == 0
    assert set(os.listdir(root / "nix/store")) == {".links"}
    whole(root)
