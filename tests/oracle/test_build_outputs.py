"""What becomes of outputs, compared with Nix: path infos, logs, exit codes, sentences; and Nix finds our store in order."""

from collections.abc import Iterator

import pytest

from tests.oracle.builds import Pair, pair
from tests.oracle.peers import need
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

GOOD = {
    "tree": """sh { src = builtins.toFile "s" "text"; PATH = "/usr/bin:/bin"; } ''
        mkdir -p $out/a/b; echo $src > $out/a/refers; cp $src $out/a/b/copy; chmod 751 $out/a/b/copy
        ln -s $src $out/link; ln $out/a/refers $out/hard; echo $out > $out/self; echo said; touch -d @0 $out/a ''""",
    "outputs": """sh { outputs = [ "out" "dev" ]; PATH = "/usr/bin:/bin"; name = "y"; } "mkdir $out; echo $out > $dev" """,
    "fixed": """sh {
        outputHash = "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="; outputHashAlgo = null; outputHashMode = "flat";
    }
        "printf hello > $out" """,
    "fixed tree": """sh {
        outputHash = "sha256-oXrRHZyHzNnIZMfEaXjY/Xck0qL62ktH+jE71iyavNc="; outputHashAlgo = "sha256";
        outputHashMode = "recursive";
        PATH = "/bin";
    } "mkdir $out; printf hello > $out/f" """,
}
BAD = {
    "exit code": """sh { } "echo a; echo b; exit 3" """,
    "signal": """sh { PATH = "/usr/bin:/bin"; } "exec perl -e 'kill 11, $$; sleep 1; exit 5'" """,
    "no output": """sh { outputs = [ "out" "dev" ]; } "echo > $dev" """,
    "mismatch": """sh { outputHash = ""; outputHashAlgo = "sha256"; } "echo hello > $out" """,
    "not flat": """sh { outputHash = ""; outputHashAlgo = "sha256"; PATH = "/bin"; } "mkdir $out" """,
    "circle": """sh { outputs = [ "out" "dev" ]; } "echo $dev > $out; echo $out > $dev" """,
    "open to all": """sh { PATH = "/bin"; } "mkdir $out; chmod 777 $out" """,
    "fifo": """sh { PATH = "/usr/bin:/bin"; } "mkfifo $out" """,
    "other system": """sh { system = "aarch64-linux"; } "echo > $out" """,
    "features": """sh { requiredSystemFeatures = [ "kvmx" "abc" ]; } "echo > $out" """,
    "no chroot": """sh { __noChroot = true; } "echo > $out" """,
    "no builder": """derivation { name = "x"; system = "x86_64-linux"; builder = "/none"; }""",
    "no builtin": """derivation { name = "x"; system = "builtin"; builder = "builtin:none"; }""",
}


@pytest.fixture(scope="module")
def stores() -> Iterator[Pair]:
    need("nix-store", "nix-instantiate")
    need_namespaces()
    with pair() as made:
        yield made
        checked = made.nix("nix-store", "--verify", "--check-contents", side="ours")
        assert checked.returncode == 0
        complaints = [line for line in checked.stderr.splitlines() if not line.endswith("...")]
        assert complaints == []


@pytest.mark.parametrize("name", GOOD)
def test_same_path_infos(stores: Pair, name: str) -> None:
    theirs, ours = stores.both(GOOD[name])
    assert theirs.exit_code == ours.exit_code == 0, (theirs.said, ours.said)
    drv = stores.drv(GOOD[name], "nix")
    answers = []
    for side in ("nix", "ours"):
        outputs = stores.nix("nix-store", "--query", "--outputs", drv, side=side).stdout.split()
        answers.append(
            [
                stores.nix("nix-store", "--query", question, *outputs, side=side).stdout
                for question in ("--references", "--deriver", "--hash", "--size")
            ]
            + [stores.nix("nix-store", "--read-log", drv, side=side).stdout]
        )
    assert answers[1] == answers[0]


@pytest.mark.parametrize("name", BAD)
def test_same_failures(stores: Pair, name: str) -> None:
    theirs, ours = stores.both(BAD[name])
    assert ours.exit_code == theirs.exit_code, (theirs.said, ours.said)
