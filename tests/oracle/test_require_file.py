"""requireFile: its banner, and the ways out of it, ours and Nix's, over one store (rows 1.059-1.061)."""

import json
from pathlib import Path

import pytest

from imagetools.kernel.hashes import digest
from tests.oracle.commands import imagetools, nix
from tests.oracle.peers import need
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

CONTENT = b"licensed\n"
HASH = digest("sha256", CONTENT).sri()
CALL = f'(import <nixpkgs> {{ }}).requireFile {{ name = "tool.bin"; url = "http://127.0.0.1/register"; hash = "{HASH}"; }}'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "tool.bin").write_bytes(CONTENT)
    return tmp_path


def build(home: Path, call: str, check: bool = True) -> tuple[int, str, str]:
    done = imagetools("build", "-E", call, "--no-out-link", "--print-logical", "--store", str(home), home=home, check=check)
    return done.returncode, done.stdout.strip(), done.stderr


def test_the_banner_says_what_to_do(home: Path) -> None:
    need_namespaces()
    code, _, said = build(home, CALL, check=False)
    assert code == 1
    banner = """***
Unfortunately, tool.bin cannot be downloaded automatically. Please go to http://127.0.0.1/register to download it yourself,
and add it to the store, using either
  imagetools store add --fixed sha256 tool.bin
  imagetools prefetch url --type sha256 file:///path/to/tool.bin
or, for a store of Nix,
  nix-store --add-fixed sha256 tool.bin
  nix-prefetch-url --type sha256 file:///path/to/tool.bin
***
"""
    assert banner in said
    assert "".join(f"       > {line}\n" for line in banner.splitlines()) in said  # the whole of it stands in the error as well
    assert "error: the file 'tool.bin' is not in the store" in said


@pytest.mark.parametrize("way", ["store add", "prefetch", "nix-store", "nix-prefetch-url"])
def test_ways_out_of_it(home: Path, way: str) -> None:
    """Whoever adds the file, nothing is built afterwards; and Nix, too, finds the output valid."""
    file = home / "tool.bin"
    if way == "store add":
        added = imagetools("store", "add", "--fixed", "sha256", "tool.bin", "--store", str(home), home=home).stdout
    elif way == "prefetch":
        need_namespaces()
        words = ["--type", "sha256", "--json", f"file://{file}", "--store", str(home)]
        added = str(json.loads(imagetools("prefetch", "url", *words, home=home).stdout)["path"])
    elif way == "nix-store":
        need("nix-store")
        added = nix("nix-store", "--add-fixed", "sha256", "tool.bin", root=home).stdout
    else:
        need("nix-prefetch-url")
        words = ["--print-path", "--type", "sha256", f"file://{file}"]
        added = nix("nix-prefetch-url", *words, root=home).stdout.splitlines()[1]
    code, path, said = build(home, CALL)
    assert (code, path, "building" in said) == (0, added.strip(), False)
    if way == "store add":
        need("nix-store")
        drv = imagetools("instantiate", "-E", CALL, "--store", str(home), home=home).stdout.strip()
        assert nix("nix-store", "--realise", drv, root=home).stdout.strip() == path


def test_folders_are_added_recursively(home: Path) -> None:
    (home / "tree").mkdir()
    (home / "tree/file").write_text("x")
    hash = imagetools("hash", "path", "tree", home=home).stdout.strip()
    call = f'(import <nixpkgs> {{ }}).requireFile {{ name = "tree"; message = "ask"; hash = "{hash}"; hashMode = "recursive"; }}'
    added = imagetools("store", "add", "--fixed", "sha256", "--recursive", "tree", "--store", str(home), home=home).stdout.strip()
    assert build(home, call)[:2] == (0, added)
