"""Builds killed by SIGKILL at a hundred random moments: real Nix finds what is left whole, and the next build goes on.

The moments are spread over the time that one whole build takes: evaluation, instantiation, the builders, registration.
"""

import random
from pathlib import Path

import pytest

from imagetools.store.local import LocalStore
from imagetools.store.verify import verify
from tests.oracle.commands import nix
from tests.oracle.killable import Killable
from tests.oracle.peers import need
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

MOMENTS = 100
ROUNDS = 20  # so many different builds, each killed until it is done or the next one's turn
DEFINITION = """{ n }:
let
  build = name: script: derivation {
    inherit name n;
    system = builtins.currentSystem;
    builder = "/bin/sh";
    PATH = "/usr/bin:/bin";
    args = [ "-ec" script ];
  };
  tree = build "tree" "mkdir -p $out/a/b; echo $n > $out/a/b/file; ln -s a/b $out/link; chmod -x $out/a/b/file";
  source = builtins.path { path = ./source; name = "source-${n}"; };
in
[ (build "uses" "cat ${tree}/link/file ${source}/x > $out; echo ${tree} ${builtins.toFile "text" n} >> $out") ]
"""


def whole(root: Path) -> None:
    """Real Nix hashes every valid path anew and has nothing to say."""
    done = nix("nix-store", "--verify", "--check-contents", root=root)
    assert [line for line in done.stderr.splitlines() if not line.endswith("...")] == []


def test_a_hundred_moments(tmp_path: Path) -> None:
    need("nix-store")
    need_namespaces()
    (tmp_path / "x.nix").write_text(DEFINITION)
    (tmp_path / "source").mkdir()
    (tmp_path / "source/x").write_text("source\n" * 1000)
    root = tmp_path / "R"
    chance = random.Random(6)
    killed = 0
    with Killable(tmp_path) as program:

        def build(number: int, seconds: float | None) -> tuple[int, float]:
            words = ["build", "x.nix", "--store", str(root), "--argstr", "n", str(number), "-o", "result"]
            return program.run(seconds, *words)

        first, again = build(-1, None), build(0, None)  # the very first also makes the database
        assert (first[0], again[0]) == (0, 0), (tmp_path / "said").read_text()
        longest = min(first[1], again[1])
        for moment in range(MOMENTS):
            code, _ = build(1 + moment * ROUNDS // MOMENTS, longest * chance.random())
            assert code in (0, -9), (tmp_path / "said").read_text()
            killed += code == -9
            whole(root)
            if moment % 5 == 4:
                with LocalStore(str(root)) as store:
                    assert verify(store, check_contents=True) == []
        assert killed > 10
        for number in range(-1, ROUNDS + 2):  # the last is all new: it clears what the dead have left
            code, _ = build(number, None)
            assert code == 0, (tmp_path / "said").read_text()
    whole(root)
    with LocalStore(str(root)) as store:
        valid = {path.base_name for path in store.all_paths()}
        assert sum(name.endswith("-uses") for name in valid) == ROUNDS + 3
        left = {path.name for path in (root / "nix/store").iterdir()} - valid
        assert {name for name in left if not name.endswith(".lock")} == {".links"}
