"""The shell parts of the set built by us and by real Nix: the same output paths with the same contents.

Real Nix cannot run our builtin builders, so both get the unpacked busybox and bash as plain sources.
"""

import ssl
import subprocess
from pathlib import Path

import pytest

from tests.oracle.commands import imagetools, nix
from tests.oracle.packages import MORE, Furnish, need_lists
from tests.oracle.peers import need
from tests.unit.pkgs.evaluate import PACKAGE

pytestmark = pytest.mark.oracle

DEFINITION = Path(__file__).with_name("pkgs_builds.nix")


def test_the_same_contents(tmp_path: Path, furnish: Furnish) -> None:
    need("nix-build", "nix-store")
    need_lists()
    ours = tmp_path / "ours"
    theirs = tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    sources = "let pkgs = import <nixpkgs> { }; in [ (pkgs.bash.tree) pkgs.sandboxShell ]"
    bash, busybox = imagetools("build", "--no-out-link", "-E", sources, home=furnish(ours)).stdout.split()
    words = [str(DEFINITION), "--argstr", "bash", bash, "--argstr", "busybox", busybox, "--no-out-link"]

    built = imagetools("build", *words, "--print-logical", home=ours).stdout.split()
    options = ("--option", "sandbox", "false", "--option", "substitute", "false")
    expected = nix("nix-build", *words, *options, root=theirs, nix_path=f"nixpkgs={PACKAGE}/pkgs").stdout.split()
    assert [Path(path).name for path in built] == [Path(path).name for path in expected]

    root = next(path for path in (ours / ".local/share/imagetools", ours / "imagetools") if path.exists())
    hashes = [nix("nix-store", "-q", "--hash", *built, root=place).stdout.split() for place in (root, theirs)]
    assert hashes[0] == hashes[1]


APPLICATION = """
let
  pkgs = import <nixpkgs> { };
  make = text: pkgs.writeShellApplication { name = "app"; runtimeInputs = [ pkgs.busybox ]; inherit text; };
in
"""


def test_scripts_are_looked_through(tmp_path: Path, furnish: Furnish) -> None:
    need_lists()
    good = APPLICATION + """ make ''for word in "$@"; do echo "«$word»"; done; echo end''"""
    words = ("build", "--no-out-link", "-E")
    built = imagetools(*words, good, home=furnish.archives(furnish(tmp_path, packages=MORE), "-E", good))
    assert imagetools("run", built.stdout.strip() + "/bin/app", "a b", "ü", home=tmp_path).stdout == "«a b»\n«ü»\nend\n"

    bad = imagetools(*words, APPLICATION + "make ''echo $1''", home=tmp_path, check=False)
    assert bad.returncode == 100
    assert "SC2086" in bad.stderr
    syntax = imagetools(*words, APPLICATION + "make ''if true; then''", home=tmp_path, check=False)
    assert syntax.returncode == 100
    assert "syntax error: unexpected end of file" in syntax.stderr


def test_certificates_and_names_of_services(tmp_path: Path, furnish: Furnish) -> None:
    need_lists()
    both = "let pkgs = import <nixpkgs> { }; in [ pkgs.cacert pkgs.iana-etc ]"
    home = furnish.archives(furnish(tmp_path, packages=MORE), "-E", both)
    cacert, iana = map(Path, imagetools("build", "--no-out-link", "-E", both, home=home).stdout.split())
    bundle = cacert / "etc/ssl/certs/ca-bundle.crt"
    trusted = ssl.create_default_context(cafile=str(bundle)).get_ca_certs()
    assert len(trusted) > 100
    assert bundle.read_text().count("-----BEGIN CERTIFICATE-----\n") == bundle.read_text().count("-----END CERTIFICATE-----\n")
    assert "SSL_CERT_FILE=" in (cacert / "nix-support/setup-hook").read_text()
    services = (iana / "etc/services").read_text()
    assert "443/tcp" in services
    assert "\ntcp\t" in (iana / "etc/protocols").read_text()


def test_certificates_added_and_left_out(tmp_path: Path, furnish: Furnish) -> None:
    need_lists()
    home = furnish.archives(furnish(tmp_path, packages=MORE), "-A", "cacert", "<nixpkgs>")
    (certificate,) = imagetools("build", "--no-out-link", "-A", "cacert.tree", "<nixpkgs>", home=home).stdout.split()
    folder = Path(certificate) / "usr/share/ca-certificates/mozilla"
    first, second, *_ = sorted(folder.iterdir())
    (home / "mine.pem").write_text(first.read_text().rstrip("\n"))  # a file that ends without a newline

    def make(arguments: str, *, check: bool = True) -> "subprocess.CompletedProcess[str]":
        text = f"(import <nixpkgs> {{ }}).cacert.override {{ {arguments} }}"
        return imagetools("build", "--no-out-link", "-E", text, home=home, check=check)

    names = f'"{first.stem}" "{second.stem.replace("_", " ")}"'
    less = Path(make(f"blacklist = [ {names} ];").stdout.strip()) / "etc/ssl/certs/ca-bundle.crt"
    assert [name for name in (first.stem, second.stem) if f"{name}\n" in less.read_text()] == []
    assert less.read_text().count("BEGIN CERTIFICATE") == len(list(folder.iterdir())) - 2
    text = f"extraCertificateFiles = [ ./mine.pem ]; extraCertificateStrings = [ (builtins.readFile {second}) ];"
    more = Path(make(f"blacklist = [ {names} ]; {text}").stdout.strip()) / "etc/ssl/certs/ca-bundle.crt"
    assert more.read_text().split() == f"{less.read_text()}\n{first.read_text()}\n{second.read_text()}".split()
    assert len(ssl.create_default_context(cafile=str(more)).get_ca_certs()) > 100
    (home / "none.pem").write_text("nothing")
    for arguments, sentence in {
        'blacklist = [ "No Such CA" ];': "cacert: blacklist: there is no certificate 'No_Such_CA'",
        "extraCertificateFiles = [ ./none.pem ];": "cacert: there is no certificate (PEM) in '/nix/store/",
    }.items():
        done = make(arguments, check=False)
        assert done.returncode == 100 and sentence in done.stderr
