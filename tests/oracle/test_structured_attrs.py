"""Structured attributes and checks of outputs, built by Nix and by us: the same files, variables, sentences and exit codes.

Allowed to differ: the values of NIX_ATTRS_JSON_FILE and NIX_ATTRS_SH_FILE (Nix 2.8 names places of the host, which its sandbox
does not have; 2.15 and we name those in the sandbox), and what the JSON library says of a broken ``__json``.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oracle.builds import Built, Pair, pair
from tests.oracle.peers import need
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

PRELUDE = r"""
let
  attrs = args: script: derivation ({
    name = "x"; system = "x86_64-linux"; builder = "/bin/sh"; PATH = "/usr/bin:/bin"; __structuredAttrs = true;
    args = [ "-ec" ("PATH=/usr/bin:/bin; out=${placeholder "out"};" + script) ];
  } // args);
  a = builtins.toFile "a" "a";
  b = builtins.toFile "b" "${a}";
  tree = derivation {
    name = "tree"; system = "x86_64-linux"; builder = "/bin/sh"; PATH = "/bin";
    args = [ "-c" "mkdir $out; echo ${b} > $out/b; echo $out > $out/self" ];
  };
in
"""
CASES: dict[str, dict[str, str]] = {}
for _part in re.split(r"^== ", (Path(__file__).parent / "structured_cases.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)[
    1:
]:
    _head, _, _expression = _part.partition("\n")
    _group, _, _name = _head.partition(": ")
    CASES.setdefault(_group, {})[_name] = PRELUDE + _expression


@pytest.fixture(scope="module")
def stores() -> Iterator[Pair]:
    need("nix-store", "nix-instantiate")
    need_namespaces()
    with pair() as made:
        made.environment |= {"http_proxy": "http://proxy"}
        yield made
        checked = made.nix("nix-store", "--verify", "--check-contents", side="ours")
        assert [line for line in checked.stderr.splitlines() if not line.endswith("...")] == []


@pytest.mark.parametrize("name", CASES["same"])
def test_same_files(stores: Pair, name: str) -> None:
    theirs, ours = stores.both(CASES["same"][name])
    assert (theirs.exit_code, ours.exit_code) == (0, 0), (theirs.said, ours.said)
    assert (ours.text or "").splitlines() == (theirs.text or "").splitlines()
    assert (ours.log or b"").splitlines() == (theirs.log or b"").splitlines()
    assert ours.text or ours.log


@pytest.mark.parametrize("name", CASES["passes"])
def test_same_passes(stores: Pair, name: str) -> None:
    theirs, ours = stores.both(CASES["passes"][name])
    assert (theirs.exit_code, ours.exit_code) == (0, 0), (theirs.said, ours.said)


@pytest.mark.parametrize("name", CASES["refused"])
def test_same_refusals(stores: Pair, name: str) -> None:
    theirs, ours = stores.both(CASES["refused"][name])
    assert ours.exit_code == theirs.exit_code, (theirs.said, ours.said)
    assert ours.said.startswith(sentence(theirs))


def sentence(built: Built) -> str:
    """Nix's last error without its indentation; what its JSON library says is left out."""
    text = re.split(r"(?:^|\n)error: ", built.said)[-1].strip()
    return re.sub(r": \[json\.exception.*", "", text.replace("\n       ", "\n"))
