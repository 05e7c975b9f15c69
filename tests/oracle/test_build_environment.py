"""What builders see, compared with Nix's own sandbox: variables, files, identity, limits, folders."""

from collections.abc import Iterator

import pytest

from tests.oracle.builds import Pair, pair
from tests.oracle.peers import need
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

CASES = {
    "variables": """sh { foo = "bar"; list = [ 1 "two" true null ]; PATH = "/usr/bin:/bin"; HOME = "/x"; TERM = "dumb"; }
        "env | sort > $out" """,
    "default path": """sh { } "/usr/bin/env | /usr/bin/sort > $out" """,
    "placeholders": """sh
        { a = "x${placeholder "out"}y"; PATH = "/bin"; } "env | sort > $out; echo ${placeholder "out"} >> $out" """,
    "passAsFile": """sh { big = "some\\ntext"; other = placeholder "out"; passAsFile = [ "big" "other" ]; PATH = "/bin"; }
        "env | sort > $out; cat $bigPath $otherPath >> $out; ls -1A >> $out" """,
    "identity": """sh { PATH = "/usr/bin:/bin"; }
        "exec > $out; id; uname -n; cat /proc/sys/kernel/domainname; pwd; umask; cat /etc/passwd /etc/group /etc/hosts
         echo $$" """,
    "limits": """sh { PATH = "/usr/bin:/bin"; } "ulimit -c > $out; ulimit -n >> $out; ulimit -s >> $out" """,
    "attributes and modes": """sh { PATH = "/usr/bin:/bin"; } ''
        exec > $out; touch f; mkdir d
        for m in 4755 2755 6000 1777 755; do chmod $m f || echo no; chmod $m d || echo no; done; stat -c %a f d
        perl -e 'for my $c ([188, "f", "user.a", "x", 1, 0], [189, "f", "user.a", "x", 1, 0]) {
          $! = 0; my $r = syscall(@$c[0], @$c[1..$#$c]); print "$r $!\\n" }' ''""",
    "personality": """sh { PATH = "/usr/bin:/bin"; } "cat /proc/self/personality > $out" """,
    "signals and rights": """sh { PATH = "/usr/bin:/bin"; }
        "grep -E '^(Sig(Blk|Ign|Cgt)|CapEff|CapPrm|CapInh|NoNewPrivs)' /proc/self/status > $out" """,
    "folders": """sh { PATH = "/usr/bin:/bin"; } "ls -1A / /dev /dev/pts /dev/shm > $out" """,
    "build folder": """sh { PATH = "/usr/bin:/bin"; } "stat -c '%A %u %g %n' /build /tmp /dev/shm /dev/null > $out" """,
    "network": """sh { PATH = "/usr/bin:/bin"; } "cut -d: -f1 /proc/net/dev > $out" """,
    "descriptors": """sh { PATH = "/usr/bin:/bin"; } "ls -1 /proc/self/fd > $out; (readlink /proc/self/fd/0) >> $out" """,
    "terminal": """sh { PATH = "/usr/bin:/bin"; }
        "exec 3> $out; test -t 1 && echo yes >&3; test -t 0 || echo no >&3; stty -a < /dev/stderr >&3" """,
    "32 bit": """sh { system = "i686-linux"; PATH = "/usr/bin:/bin"; } "uname -m > $out; cat /proc/self/personality >> $out" """,
    "graph": """let a = builtins.toFile "a" "a"; b = builtins.toFile "b" "${a}"; in
        sh { exportReferencesGraph = [ "graph" b "other" a ]; PATH = "/usr/bin:/bin"; }
        "exec > $out; cat graph other; echo $exportReferencesGraph" """,
    "graph of a build": """let a = sh { PATH = "/bin"; } "echo ${builtins.toFile "s" "s"} > $out"; in
        sh { exportReferencesGraph = [ "graph" a ]; PATH = "/usr/bin:/bin"; name = "y"; } "cat graph > $out" """,
}


@pytest.fixture(scope="module")
def stores() -> Iterator[Pair]:
    need("nix-store", "nix-instantiate")
    need_namespaces()
    with pair() as made:
        yield made


@pytest.mark.parametrize("name", CASES)
def test_same_text(stores: Pair, name: str) -> None:
    theirs, ours = stores.both(CASES[name])
    assert theirs.exit_code == 0, theirs.said
    assert ours.exit_code == 0, ours.said
    assert ours.text is not None
    assert ours.text.splitlines() == (theirs.text or "").splitlines()


def test_fixed_output_variables(stores: Pair) -> None:
    stores.environment |= {"http_proxy": "http://proxy", "HIDDEN": "x"}
    expression = """sh {
        outputHash = "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="; outputHashAlgo = "sha256"; outputHashMode = "flat";
        impureEnvVars = [ "http_proxy" "ftp_proxy" ]; PATH = "/usr/bin:/bin";
    } "env | sort; ls -1 /etc; cat /etc/nsswitch.conf; printf hello > $out" """
    theirs, ours = stores.both(expression)
    assert theirs.exit_code == ours.exit_code == 0, (theirs.said, ours.said)
    assert (ours.log or b"").splitlines() == (theirs.log or b"").splitlines()
