"""Store paths, path infos, narinfo files and signatures against ``nix-store`` and ``nix`` on a store of their own."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from imagetools.formats.addressing import fixed_path, source_path
from imagetools.formats.cache_info import CacheInfo
from imagetools.formats.content_address import ContentAddress
from imagetools.formats.nar.writer import NarWriter, file_nar
from imagetools.formats.narinfo import NarInfo
from imagetools.formats.path_info import PathInfo
from imagetools.formats.signing import PublicKey, SecretKey, valid_signatures
from imagetools.formats.store_path import StoreDir, StoreNameError, StorePath, check_name
from imagetools.kernel.hashes import SIZES, Hash, digest
from tests.oracle.peers import need
from tests.unit.formats.nar.trees import File, Folder, Tree, push

pytestmark = pytest.mark.oracle

STORE = StoreDir()
TREE = Folder({b"world": File(b"hello\n"), b"x": File(b"#!", True)})
NIX = ["nix", "--extra-experimental-features", "nix-command"]


def nar(tree: Tree) -> bytes:
    out: list[bytes] = []
    writer = NarWriter(out.append)
    push(tree, writer)
    writer.finish()
    return b"".join(out)


def run(*command: str | Path, text: str | None = None) -> str:
    need(str(command[0]))
    return subprocess.run(command, check=True, capture_output=True, text=True, input=text).stdout.strip()


@pytest.fixture
def store(tmp_path: Path) -> str:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "world").write_bytes(b"hello\n")
    (tmp_path / "tree" / "x").write_bytes(b"#!")
    (tmp_path / "tree" / "x").chmod(0o755)
    (tmp_path / "file").write_bytes(b"hello\n")
    return f"local?root={tmp_path}/root"


def test_add(store: str, tmp_path: Path) -> None:
    peer = run("nix-store", "--store", store, "--add", tmp_path / "tree", tmp_path / "file").split()
    assert peer == [
        STORE.join(source_path(STORE, "tree", digest("sha256", nar(TREE)))),
        STORE.join(source_path(STORE, "file", digest("sha256", file_nar(b"hello\n")))),
    ]


@pytest.mark.parametrize("algo", sorted(SIZES))
def test_add_fixed(algo: str, store: str, tmp_path: Path) -> None:
    flat = run("nix-store", "--store", store, "--add-fixed", algo, tmp_path / "file")
    assert flat == STORE.join(fixed_path(STORE, "file", "flat", digest(algo, b"hello\n")))
    tree = run("nix-store", "--store", store, "--add-fixed", "--recursive", algo, tmp_path / "tree")
    assert tree == STORE.join(fixed_path(STORE, "tree", "nar", digest(algo, nar(TREE))))
    value = digest(algo, b"hello\n")
    printed = run("nix-store", "--print-fixed-path", algo, value.base16(), "a+b_c?d=e.f-g")
    assert printed == STORE.join(fixed_path(STORE, "a+b_c?d=e.f-g", "flat", value))


@pytest.mark.parametrize("name", ["a", "a b", "ü", "x" * 211, "x" * 212, "a/b", "A+b-c.d_e?f=9", "a~b", "a\nb"])
def test_names(name: str) -> None:
    """Names that begin with a dot are left out: Nix 2.8 and the current one differ there."""
    need("nix-store")
    value = Hash.zero("sha256").base16()
    peer = subprocess.run(["nix-store", "--print-fixed-path", "sha256", value, name], check=False, capture_output=True)
    try:
        check_name(name)
    except StoreNameError:
        assert peer.returncode != 0
    else:
        assert peer.returncode == 0


def from_plain(plain: dict[str, Any]) -> PathInfo:
    return PathInfo(
        path=STORE.parse(plain["path"]),
        nar_hash=Hash.parse(plain["narHash"]),
        nar_size=plain["narSize"],
        references=tuple(STORE.parse(text) for text in plain["references"]),
        signatures=tuple(plain.get("signatures", ())),
        content_address=ContentAddress.parse(plain["ca"]) if "ca" in plain else None,
    )


def test_content_addresses_and_signatures(store: str, tmp_path: Path) -> None:
    secret = run(*NIX, "key", "generate-secret", "--key-name", "test-1")
    key = SecretKey.parse(secret)
    assert str(key) == secret
    public = run(*NIX, "key", "convert-secret-to-public", text=secret)
    assert PublicKey.parse(public) == key.public
    (tmp_path / "key").write_text(secret)
    expression = 'builtins.toFile "b" (builtins.toFile "a" "x")'
    run("nix-instantiate", "--store", store, "--eval", "--read-write-mode", "-E", expression)
    added = run("nix-store", "--store", store, "--add", tmp_path / "tree")
    run(*NIX, "store", "sign", "--store", store, "--key-file", tmp_path / "key", "--all")
    infos = [from_plain(plain) for plain in json.loads(run(*NIX, "path-info", "--store", store, "--json", "--all"))]
    assert len(infos) == 3 and added in [STORE.join(info.path) for info in infos]
    for info in infos:
        assert info.is_content_addressed(STORE)
        assert valid_signatures(info, STORE, [key.public]) == 1
        assert info.signatures == (str(key.sign(info.fingerprint(STORE))),)


def test_narinfo_files(store: str, tmp_path: Path) -> None:
    secret = run(*NIX, "key", "generate-secret", "--key-name", "cache-1")
    (tmp_path / "key").write_text(secret)
    added = run("nix-store", "--store", store, "--add", tmp_path / "tree")
    expression = 'builtins.toFile "b" (builtins.toFile "a" "x")'
    run("nix-instantiate", "--store", store, "--eval", "--read-write-mode", "-E", expression)
    cache = f"file://{tmp_path}/cache?compression=xz&secret-key={tmp_path}/key"
    run(*NIX, "copy", "--from", store, "--to", cache, "--all")
    files = sorted((tmp_path / "cache").glob("*.narinfo"))
    assert len(files) == 3
    for file in files:
        text = file.read_text()
        found = NarInfo.parse(text, STORE, str(file))
        assert str(found) == text
        assert found.info.path.hash_part == file.name.removesuffix(".narinfo")
        assert valid_signatures(found.info, STORE, [SecretKey.parse(secret).public]) == 1
        assert found.file_hash == digest("sha256", (tmp_path / "cache" / found.url).read_bytes())
    part = StorePath.parse(Path(added).name).hash_part
    assert NarInfo.parse((tmp_path / "cache" / f"{part}.narinfo").read_text(), STORE).info.nar_hash == digest("sha256", nar(TREE))
    text = (tmp_path / "cache" / "nix-cache-info").read_text()
    assert str(CacheInfo.parse(text)) == text
