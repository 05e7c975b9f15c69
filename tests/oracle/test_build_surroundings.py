"""One builder that prints all it sees, run by Nix and by us: every fact is the same, but those that are listed with a reason."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oracle.builds import Pair, pair
from tests.oracle.peers import need
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

DUMP = Path(__file__).parent / "dump_surroundings.py"
PRELUDE = f"""
let
  dump = args: derivation ({{
    name = "x"; system = "x86_64-linux"; builder = "/usr/bin/python3";
    args = [ "-I" "-S" (builtins.toFile "dump.py" (builtins.readFile {DUMP})) ];
  }} // args);
  hash = {{ outputHash = "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="; outputHashAlgo = "sha256"; }};
  folder = derivation {{ name = "folder"; system = "x86_64-linux"; builder = "/bin/sh"; PATH = "/bin";
    args = [ "-c" "mkdir $out; ln -s nowhere $out/link" ]; }};
in
"""
CASES = {
    "normal": 'dump { a = "b"; }',
    "with inputs": 'dump { inherit folder; file = builtins.toFile "f" "text"; }',
    "fixed": 'dump ({ impureEnvVars = [ "http_proxy" "none" ]; } // hash)',
    "passAsFile": 'dump { big = "text"; other = placeholder "out"; passAsFile = [ "big" "other" ]; }',
    "graphs": 'dump { exportReferencesGraph = [ "graph" folder ]; }',
    "structured": 'dump { __structuredAttrs = true; a = 1; b.c = [ 1 2 ]; outputs = [ "out" "dev" ]; }',
    "structured fixed": 'dump ({ name = "y"; __structuredAttrs = true; impureEnvVars = [ "http_proxy" ]; } // hash)',
    "32 bit": 'dump { system = "i686-linux"; }',
}
ALLOWED = {
    r"can write /(|bin|dev|etc|lib|nix|usr)": "forbidden in both; ours is read-only, whoever the builder is",
    r"mount flags /(|bin|dev|etc|lib|nix|usr)": "ours is read-only, so that a build as root's only user cannot change it either",
    r"mount flags /(proc|proc/sys|dev/pts|dev/shm)": "ours has nosuid, nodev and noexec where nothing is lost by it",
    r"place /(lib|bin)": "the host's symlink to usr/bin stays one in ours; Nix makes a folder of it (sandbox-paths)",
    r"place /": "the root is 0750 for the build's group in Nix, 0755 in ours",
    r"dies with parent": "ours ends with the process that watches it; Nix kills by user id",
    r"descriptor [12] flags": "O_LARGEFILE, which means nothing on 64 bits: Nix opens the terminal by name, we by ioctl",
    r"file /build/graph": "a graph's file is root's in Nix and the builder's in ours, like every other file there",
    r"environment 0[12]": "NIX_ATTRS_*: Nix 2.8 names places outside the sandbox, 2.15 and we those inside",
}
"""Facts (as regular expressions) that may differ, and why."""


@pytest.fixture(scope="module")
def stores() -> Iterator[Pair]:
    need("nix-store", "nix-instantiate")
    need_namespaces()
    if not Path("/usr/bin/python3").exists():
        pytest.skip("no /usr/bin/python3 here")
    with pair() as made:
        made.environment |= {"http_proxy": "http://proxy", "HIDDEN": "x"}
        yield made


def facts(log: bytes | None) -> dict[str, str]:
    lines = (log or b"").decode("utf-8", "replace").splitlines()
    return dict(line.partition("\t")[::2] for line in lines)


@pytest.mark.parametrize("name", CASES)
def test_same_facts(stores: Pair, name: str) -> None:
    theirs, ours = stores.both(PRELUDE + CASES[name])
    assert (theirs.exit_code, ours.exit_code) == (0, 0), (theirs.said, ours.said)
    expected, found = facts(theirs.log), facts(ours.log)
    assert len(expected) > 150
    differ = {
        fact: (expected.get(fact), found.get(fact)) for fact in {*expected, *found} if expected.get(fact) != found.get(fact)
    }
    assert {fact: differ[fact] for fact in sorted(differ) if not is_allowed(name, fact)} == {}


def is_allowed(case: str, fact: str) -> bool:
    if fact.startswith("environment") and not case.startswith("structured"):
        return False
    return any(re.fullmatch(pattern, fact) for pattern in ALLOWED)
