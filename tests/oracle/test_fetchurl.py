"""fetchurl as a person uses it: real builds, a server that counts, real Nix that looks at the store afterwards."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.kernel.hashes import digest
from tests.oracle.commands import imagetools, nix
from tests.oracle.packages import Furnish
from tests.oracle.peers import need
from tests.unit.net.server import Server, cut, ranged, running, status

pytestmark = pytest.mark.oracle

BODY = hashlib.sha512(b"seed").digest() * 100_000  # 6.4 MB: what is hashed while it comes
SRI = digest("sha256", BODY).sri()
WRONG = digest("sha256", b"").sri()
SECRET = "s3cret-w0rd"


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as made:
        made.script["/x"] = [status(200, BODY)]
        yield made


def fetchurl(attributes: str) -> list[str]:
    return ["build", "--no-out-link", "-E", f"(import <nixpkgs> {{ }}).fetchurl {{ {attributes} }}"]


def whole(home: Path) -> None:
    """Real Nix reads every file again and finds what was registered."""
    done = nix("nix-store", "--verify", "--check-contents", root=home / ".local/share/imagetools")
    assert [line for line in done.stderr.splitlines() if not line.endswith("...")] == []


def test_a_wrong_hash_and_then_the_right_one(server: Server, tmp_path: Path) -> None:
    need("nix-store")
    wrong = imagetools(*fetchurl(f'url = "{server.url("/x")}"; hash = "{WRONG}";'), home=tmp_path, check=False)
    assert wrong.returncode == 102
    assert f"specified: {WRONG}" in wrong.stderr
    assert f"got:    {SRI}" in wrong.stderr
    assert len(server.seen) == 1
    right = imagetools(*fetchurl(f'url = "{server.url("/x")}"; hash = "{SRI}";'), home=tmp_path)
    assert Path(right.stdout.strip()).read_bytes() == BODY
    assert len(server.seen) == 1
    whole(tmp_path)


def test_a_second_run_goes_on(server: Server, tmp_path: Path) -> None:
    need("nix-store")
    server.script["/x"] = [cut(BODY, 3_000_000, ETag='"v"'), status(404), ranged(BODY, ETag='"v"')]
    words = fetchurl(f'url = "{server.url("/x")}"; hash = "{SRI}"; executable = false;')
    failed = imagetools(*words, home=tmp_path, check=False)
    assert failed.returncode == 1
    assert f"cannot download '{server.url('/x')}': HTTP 404 Not Found" in failed.stderr
    done = imagetools(*words, home=tmp_path)
    assert Path(done.stdout.strip()).read_bytes() == BODY
    assert (server.headers(2)["range"], server.headers(2)["if-range"]) == ("bytes=3000000-", '"v"')
    whole(tmp_path)


def test_the_environment_counts(server: Server, tmp_path: Path) -> None:
    server.script["http://nowhere.invalid/m/x"] = [status(200, BODY)]
    variables = {
        "http_proxy": server.url("", f"me:{SECRET}@"),
        "no_proxy": "",
        "NIX_MIRRORS_mine": "http://nowhere.invalid/m",
        "NIX_CURL_FLAGS": f"-H X-Token:{SECRET}",
    }
    words = fetchurl(f'url = "mirror://mine/x"; sha512 = "{digest("sha512", BODY).base16()}";')
    done = imagetools(*words, home=tmp_path, variables=variables)
    assert Path(done.stdout.strip()).read_bytes() == BODY
    assert server.headers(0)["x-token"] == SECRET
    assert SECRET not in done.stderr
    drvs = list((tmp_path / ".local/share/imagetools/nix/store").glob("*.drv"))
    assert drvs
    assert not any(SECRET.encode() in drv.read_bytes() for drv in drvs)


def test_secrets_are_not_shown(server: Server, tmp_path: Path) -> None:
    server.script["/x"] = [status(403)]
    url = server.url(f"/x?token={SECRET}", f"me:{SECRET}@")
    options = f'curlOptsList = [ "-H" "Private-Token: {SECRET}" "--oauth2-bearer" "{SECRET}" ]; hash = "{SRI}";'
    nameless = imagetools(*fetchurl(f'url = "{url}"; {options}'), home=tmp_path, check=False)
    assert nameless.returncode == 1
    assert "seems to hold a secret; give a `name`" in nameless.stderr.splitlines()[0]
    failed = imagetools(*fetchurl(f'url = "{url}"; name = "x"; {options}'), home=tmp_path, check=False)
    assert failed.returncode == 1
    assert server.headers(0)["private-token"] == SECRET
    assert SECRET not in failed.stderr
    refused = imagetools(
        *fetchurl(f'url = "{url}"; name = "x"; curlOptsList = [ "--data" "{SECRET}" ];'), home=tmp_path, check=False
    )
    assert refused.returncode == 1
    assert "curl's option --data has no meaning for a fetcher" in refused.stderr
    assert SECRET not in refused.stderr
    log = imagetools("log", next(line for line in failed.stderr.split() if line.endswith(".drv")), home=tmp_path)
    assert "HTTP 403" in log.stdout
    assert SECRET not in log.stdout


def test_shell_before_and_after(server: Server, tmp_path: Path, furnish: Furnish) -> None:
    furnish(tmp_path)
    words = fetchurl(
        f"""
          url = "{server.url("/x")}";
          downloadToTemp = true;
          recursiveHash = true;
          netrcImpureEnvVars = [ "TOKEN" ];
          netrcPhase = "echo machine 127.0.0.1 login me password $TOKEN > netrc";
          postFetch = "mkdir $out; wc -c < $downloadedFile > $out/size; ls /nix/store/.kept $NIX_BUILD_TOP > $out/left";
        """
    )
    done = imagetools(*words, home=tmp_path, variables={"TOKEN": SECRET}, check=False)
    assert done.returncode == 102, done.stderr
    assert server.headers(0)["authorization"].startswith("Basic ")
    assert SECRET not in done.stderr
    made = next((tmp_path / ".local/share/imagetools/nix/store").glob("*-x/size"))
    assert made.read_text().strip() == str(len(BODY))
    assert made.with_name("left").read_text() == "/build:\nfile\n\n/nix/store/.kept:\n"
