"""Eight processes and one store: what several want is built once; killed at random moments they leave the store whole.

Row 4.027. Real Nix judges the store.
"""

import random
import re
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from imagetools.store.local import LocalStore
from imagetools.store.verify import verify
from tests.golden.bad_input.command import argv_for
from tests.oracle.commands import nix
from tests.oracle.killable import Killable
from tests.oracle.peers import need
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

PROCESSES = 8
ROUNDS = 13  # so that there are a hundred moments
DEFINITION = """{ url ? "", n ? "" }:
let
  build = name: more: script: derivation ({
    inherit name n;
    system = builtins.currentSystem;
    builder = "/bin/sh";
    PATH = "/usr/bin:/bin";
    args = [ "-ec" script ];
  } // more);
  fetched = build "fetched" { outputHash = "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="; }
    "python3 -c 'import sys, urllib.request as r; sys.stdout.write(r.urlopen(sys.argv[1]).read().decode())' ${url} > $out";
  tree = name: build name { outputs = [ "out" "dev" ]; } "mkdir -p $out/a; echo $n > $out/a/file; echo $out > $dev; sleep 0.02";
  top = inputs: build "top" { inherit inputs; } "cat $inputs > $out";
in
{
  shared = top [ fetched (tree "x").dev (tree "y").dev (tree "z").dev ];
  plain = top [ (tree "x").dev (tree "y").dev (tree "z").dev ];
}
"""


def whole(root: Path) -> None:
    """Real Nix hashes every valid path anew and has nothing to say."""
    done = nix("nix-store", "--verify", "--check-contents", root=root)
    assert [line for line in done.stderr.splitlines() if not line.endswith("...")] == []


class Counting(BaseHTTPRequestHandler):
    """Says hello, and remembers how often."""

    asked: ClassVar[Counter[str]] = Counter()

    def do_GET(self) -> None:
        Counting.asked[self.path] += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing to stderr."""


@contextmanager
def counting() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Counting)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hello"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_eight_processes_build_it_once(tmp_path: Path) -> None:
    need("nix-store", "python3")
    need_namespaces()
    (tmp_path / "x.nix").write_text(DEFINITION)
    Counting.asked.clear()
    with counting() as url:
        words = argv_for(
            "build", "x.nix", "-A", "shared", "--argstr", "url", url, "--no-out-link", "--store", str(tmp_path / "R")
        )
        processes = [
            subprocess.Popen(
                words,
                cwd=tmp_path,
                env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(PROCESSES)
        ]
        ended = [(process.communicate(timeout=120), process.returncode) for process in processes]
    said = "".join(err for (_, err), _ in ended)
    assert [code for _, code in ended] == [0] * PROCESSES, said
    assert len({out for (out, _), _ in ended}) == 1
    assert set(Counter(re.findall(r"building '(\S+)'", said)).values()) == {1}, said
    assert len(set(re.findall(r"building '(\S+)'", said))) == 5
    assert dict(Counting.asked) == {"/hello": 1}
    whole(tmp_path / "R")


def test_eight_builds_killed_at_a_hundred_moments(tmp_path: Path) -> None:
    need("nix-store")
    need_namespaces()
    root = tmp_path / "R"
    (tmp_path / "x.nix").write_text(DEFINITION)
    chance = random.Random(4)
    killed = 0
    with ExitStack() as stack:
        programs: list[Killable] = []
        for number in range(PROCESSES):
            (tmp_path / str(number)).mkdir()
            programs.append(stack.enter_context(Killable(tmp_path / str(number))))

        def build(n: int, longest: float | None, by: int = PROCESSES) -> list[tuple[int, float]]:
            """All eight at once; each is killed at a moment of its own, or none."""
            words = ["build", str(tmp_path / "x.nix"), "-A", "plain", "--argstr", "n", str(n)]
            for program in programs[:by]:
                program.start(longest and longest * chance.random(), *words, "--no-out-link", "--store", str(root))
            return [program.finish() for program in programs[:by]]

        def said(codes: list[int]) -> list[str]:
            return [(tmp_path / f"{place}/said").read_text() for place, code in enumerate(codes) if code not in {0, -9}]

        build(-1, None)  # makes the database
        undisturbed = build(-2, None)
        longest = max(took for _, took in undisturbed)
        assert [code for code, _ in undisturbed] == [0] * PROCESSES, (tmp_path / "0/said").read_text()
        for number in range(ROUNDS):
            codes = [code for code, _ in build(number, longest)]
            assert set(codes) <= {0, -9}, "\n".join(said(codes))
            killed += codes.count(-9)
            if number % 4 == 3:
                whole(root)
            else:
                with LocalStore(str(root)) as store:
                    assert verify(store, check_contents=True) == []
        assert killed > PROCESSES * ROUNDS // 4
        for number in range(ROUNDS + 1):  # the last is all new: it clears what the dead have left
            assert build(number, None, by=1)[0][0] == 0, (tmp_path / "0/said").read_text()
    whole(root)
    with LocalStore(str(root)) as store:
        valid = {path.base_name for path in store.all_paths()}
    assert sum(name.endswith("-top") for name in valid) == ROUNDS + 3
    left = {path.name for path in (root / "nix/store").iterdir()} - valid
    assert {name for name in left if not name.endswith(".lock")} == {".links"}
