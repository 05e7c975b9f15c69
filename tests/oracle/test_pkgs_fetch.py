"""fetchurl in the sandbox beside real Nix: one server, one definition, the same paths and contents."""

import hashlib
import lzma
from pathlib import Path

import pytest

from imagetools.store.fs_nar import dump
from tests.oracle.commands import imagetools, nix
from tests.oracle.peers import need
from tests.unit.net.server import redirect, running, slam, status

pytestmark = pytest.mark.oracle

BODY = b"#!/bin/sh\necho hello\n" * 1000


def test_the_same_file_at_the_same_path(tmp_path: Path) -> None:
    need("nix-build", "nix-store")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "local file").write_bytes(BODY)
    sha256 = hashlib.sha256(BODY).hexdigest()
    with running() as server:
        server.script.update({"/a.sh": [redirect("/b?x=1")], "/b": [status(200, BODY)]})
        urls = [server.url("/a.sh"), f"file://{tmp_path}/local%20file"]
        one, two = (f'import <nix/fetchurl.nix> {{ url = "{url}"; name = "f"; sha256 = "{sha256}"; }}' for url in urls)
        theirs = nix("nix-build", "-E", one, "--no-out-link", "--option", "substitute", "false", root=tmp_path / "theirs")
        ours = imagetools("build", "-E", one, "--no-out-link", "--print-logical", home=tmp_path)
        # (real Nix hides the host's files from a build in a store like this one, so the second is compared with the first)
        imagetools("build", "-E", two, "--no-out-link", "--store", str(tmp_path / "second"), home=tmp_path)
    name = Path(theirs.stdout.strip()).name
    assert Path(ours.stdout.strip()).name == name
    assert (tmp_path / "second/nix/store" / name).read_bytes() == BODY


@pytest.mark.parametrize("executable", ["false", "true"])
@pytest.mark.parametrize("name", ["x.nar", "x.nar.xz"])
def test_unpacking(tmp_path: Path, name: str, executable: str) -> None:
    need("nix-build", "nix-store")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "f").write_bytes(BODY)
    (tmp_path / "tree" / "f").chmod(0o755)
    pieces: list[bytes] = []
    dump(tmp_path / "tree", pieces.append)
    nar = b"".join(pieces)
    sha256 = hashlib.sha256(nar).hexdigest()
    with running() as server:
        server.script[f"/{name}"] = [status(200, lzma.compress(nar) if name.endswith(".xz") else nar)]
        attributes = (
            f'url = "{server.url("/" + name)}"; name = "f"; sha256 = "{sha256}"; unpack = true; executable = {executable};'
        )
        expression = f"import <nix/fetchurl.nix> {{ {attributes} }}"
        theirs = nix("nix-build", "-E", expression, "--no-out-link", "--option", "substitute", "false", root=tmp_path / "theirs")
        ours = imagetools("build", "-E", expression, "--no-out-link", "--print-logical", home=tmp_path)
    assert ours.stdout == theirs.stdout


def test_our_function(tmp_path: Path) -> None:
    sha256 = hashlib.sha256(BODY).hexdigest()
    nar = "sha256-" + "A" * 43 + "="
    with running() as server:
        server.script.update({"/gone": [status(404)], "/moody": [slam, status(503), status(200, BODY)]})
        first = f'(import <nixpkgs> {{ }}).fetchurl {{ urls = [ "{server.url("/gone")}" "{server.url("/moody")}" ]; name = "x"; '
        done = imagetools("build", "--no-out-link", "-E", first + f'sha256 = "{sha256}"; }}', home=tmp_path)
        assert Path(done.stdout.strip()).read_bytes() == BODY
        assert f"cannot download '{server.url('/gone')}': HTTP 404 Not Found; trying the next URL" in done.stderr

        wrong = imagetools(
            "build", "--no-out-link", "-E", first + f'hash = "{nar}"; executable = true; }}', home=tmp_path, check=False
        )
        assert wrong.returncode == 102
        assert f"specified: {nar}" in wrong.stderr

        secret = server.url("/gone?token=s3cret", "me:s3cret@")
        expression = f'(import <nixpkgs> {{ }}).fetchurl {{ url = "{secret}"; name = "x"; hash = "{nar}"; }}'
        failed = imagetools("build", "--no-out-link", "-E", expression, home=tmp_path, check=False)
        assert failed.returncode == 1
        assert "HTTP 404 Not Found" in failed.stderr
        assert "s3cret" not in failed.stderr
