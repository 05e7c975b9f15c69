"""Real Nix opens our store, and we open a store that real Nix made."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from imagetools.formats import aterm
from imagetools.formats.derivation import Derivation, InputAddressed
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StorePath
from imagetools.kernel.bytestr import to_bytes
from imagetools.kernel.hashes import digest
from imagetools.store.fs_nar import dump, file_hash, nar_hash, restore
from imagetools.store.local import LocalStore
from imagetools.store.ports import BuiltOutput, TextObject
from imagetools.store.verify import verify
from tests.oracle.peers import need
from tests.unit.sandbox.cage import as_other_user
from tests.unit.store.trees import SAMPLE, make, nar_of, read

pytestmark = pytest.mark.oracle


def nix(root: Path, *arguments: str, program: str = "nix-store", input: str = "") -> str:
    need(program)
    done = subprocess.run(
        [program, "--store", f"local?root={root}", *arguments],
        capture_output=True,
        text=True,
        check=False,
        input=input,
        env={**os.environ, "NIX_CONFIG": "build-users-group =\nsubstituters =", "HOME": str(root.parent)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def verified(root: Path) -> None:
    need("nix-store")
    done = subprocess.run(
        ["nix-store", "--store", f"local?root={root}", "--verify", "--check-contents"],
        capture_output=True,
        text=True,
        check=False,
    )
    words = ["reading the Nix store...", "checking path existence...", "checking link hashes...", "checking store hashes..."]
    assert (done.returncode, done.stdout, done.stderr.splitlines()) == (0, "", words)


def lines(text: str) -> list[str]:
    return sorted(text.split())


def fill(store: LocalStore, source: Path) -> dict[str, StorePath]:
    """One object of each kind."""
    base = store.add_text("base", b"base")
    tree = store.add_source(str(source), "tree")
    flat = store.add_source(str(source / "eight"), "flat", method="flat", algo="sha1")
    nar = nar_of({b"self": "/nix/store/x"})
    imported = StorePath(b"i" * 20, "imported")
    store.import_nar(PathInfo(imported, digest("sha256", nar), len(nar), (base, imported), signatures=("k:c2ln",)), [nar])
    out = StorePath(b"o" * 20, "out")
    drv = Derivation(
        "out", {"out": InputAddressed(store.store_dir.join(out))}, {}, (store.store_dir.join(base),), "s", "b", (), {}
    )
    # A real path for the output: Nix checks it when it reads the derivation.
    texts = store.add_texts([TextObject("out.drv", to_bytes(aterm.serialise(drv)), (base,))])
    with store.lock([out]):
        restore((nar,), store.real_path(out))
        store.register_built([BuiltOutput(out, digest("sha256", nar), len(nar), (tree, out), texts[0])])
    store.write_log(texts[0], b"building\n\xff done\n")
    return {"base": base, "tree": tree, "flat": flat, "imported": imported, "out": out, "drv": texts[0]}


def test_nix_is_content_with_our_store(tmp_path: Path) -> None:
    make(tmp_path / "source", SAMPLE)
    root = tmp_path / "R"
    with LocalStore(str(root)) as store:
        paths = fill(store, tmp_path / "source")
        verified(root)
        for path in paths.values():
            full = store.store_dir.join(path)
            info = store.query(path)
            assert info is not None
            assert lines(nix(root, "-q", "--references", full)) == lines(" ".join(map(store.store_dir.join, info.references)))
            assert lines(nix(root, "-q", "--referrers", full)) == lines(
                " ".join(map(store.store_dir.join, store.referrers(path)))
            )
            assert nix(root, "-q", "--requisites", full).split()[-1] == full
            assert lines(nix(root, "-q", "--requisites", full)) == [
                store.store_dir.join(path) for path in store.closure([path]).members
            ]
            assert nix(root, "-q", "--hash", full).strip() == info.nar_hash.nix()
            assert nix(root, "-q", "--size", full).strip() == str(info.nar_size)
        out, drv, base = (store.store_dir.join(paths[name]) for name in ("out", "drv", "base"))
        assert nix(root, "-q", "--deriver", out).strip() == drv
        assert nix(root, "-q", "--deriver", base).strip() == "unknown-deriver"
        assert nix(root, "-q", "--outputs", drv).strip() == out
    verified(root)


def test_nix_reads_our_logs(tmp_path: Path) -> None:
    root = tmp_path / "R"
    with LocalStore(str(root)) as store:
        drv = store.add_text("x.drv", to_bytes(aterm.serialise(Derivation("x", {}, {}, (), "s", "b", (), {}))))
        store.write_log(drv, b"building\ndone\n")
        assert nix(root, "--read-log", store.store_dir.join(drv)) == "building\ndone\n"
        log = store.open_log(drv)
        log.write(b"still running\n")
        assert nix(root, "--read-log", store.store_dir.join(drv)) == "still running\n"
        log.close()


def test_we_add_what_nix_adds_to_the_same_path(tmp_path: Path) -> None:
    make(tmp_path / "source", SAMPLE)
    root, theirs = tmp_path / "ours", tmp_path / "theirs"
    with LocalStore(str(root)) as store:
        for name, tree in (("dir", SAMPLE), ("plain", b"x"), ("tool", (b"x", True)), ("link", "nowhere")):
            make(tmp_path / name, tree)
            path = store.add_source(str(tmp_path / name), name)
            assert nix(theirs, "--add", str(tmp_path / name)).strip() == store.store_dir.join(path)
        for algo in ("md5", "sha1", "sha256", "sha512"):
            path = store.add_source(str(tmp_path / "plain"), "plain", method="flat", algo=algo)
            assert nix(theirs, "--add-fixed", algo, str(tmp_path / "plain")).strip() == store.store_dir.join(path)
            path = store.add_source(str(tmp_path / "dir"), "dir", algo=algo)
            assert nix(theirs, "--add-fixed", "--recursive", algo, str(tmp_path / "dir")).strip() == store.store_dir.join(path)
        with LocalStore(str(theirs)) as other:
            assert other.all_paths() == store.all_paths()
            for path in store.all_paths():
                mine, its = store.query(path), other.query(path)
                assert mine is not None
                assert its is not None
                assert (mine.nar_hash, mine.nar_size, mine.content_address) == (its.nar_hash, its.nar_size, its.content_address)
    verified(root)


def test_we_read_what_nix_registered(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    expression = """
      let base = builtins.toFile "base" "base";
      in derivation { name = "thing"; system = builtins.currentSystem; builder = "/bin/sh"; outputs = [ "out" "dev" ];
                      args = [ "-c" "echo ${base} $out > $out; echo > $dev" ]; }
    """
    need("nix-instantiate")
    (tmp_path / "thing.nix").write_text(expression)
    drv_text = nix(theirs, str(tmp_path / "thing.nix"), program="nix-instantiate").split()[-1].partition("!")[0]
    with LocalStore(str(theirs)) as store:
        drv = store.store_dir.parse(drv_text)
        parsed = store.read_derivation(drv)
        outputs = store.derivation_outputs(drv)
        assert {name: store.store_dir.join(path) for name, path in outputs.items()} == {
            name: output.path for name, output in parsed.outputs.items()
        }
        assert lines(nix(theirs, "-q", "--outputs", drv_text)) == sorted(map(store.store_dir.join, outputs.values()))
        assert lines(nix(theirs, "-q", "--requisites", drv_text)) == [
            store.store_dir.join(path) for path in store.closure([drv]).members
        ]
        assert store.derivers(outputs["dev"]) == (drv,)
        assert verify(store, check_contents=True) == []
        with store.lock(outputs.values()):
            for path in outputs.values():
                restore((nar_of(store.store_dir.join(path).encode()),), store.real_path(path))
        registration = ""
        for path in outputs.values():
            full = store.store_dir.join(path)
            found, size = nar_hash(store.real_path(path))
            registration += f"{full}\n{found.base16()}\n{size}\n{drv_text}\n1\n{full}\n"
        nix(theirs, "--load-db", input=registration)
        for path in outputs.values():
            info = store.query(path)
            assert info is not None
            assert (info.deriver, info.references) == (drv, (path,))
            assert (info.nar_hash, info.nar_size) == nar_hash(store.real_path(path))
        verified(theirs)


def test_dump_and_restore_agree(tmp_path: Path) -> None:
    need("nix-store", "nix-hash")
    make(tmp_path / "source", SAMPLE)
    (tmp_path / "source" / "big").write_bytes(os.urandom(2_000_003))
    theirs = subprocess.run(["nix-store", "--dump", str(tmp_path / "source")], capture_output=True, check=True).stdout
    ours = bytearray()
    dump(tmp_path / "source", ours.extend)
    assert bytes(ours) == theirs
    restore((theirs,), tmp_path / "ours")
    with open(tmp_path / "nar", "wb") as file:
        file.write(theirs)
    with open(tmp_path / "nar", "rb") as file:
        subprocess.run(["nix-store", "--restore", str(tmp_path / "theirs")], stdin=file, check=True)
    assert read(tmp_path / "ours") == read(tmp_path / "theirs")
    for algo in ("md5", "sha1", "sha256", "sha512"):
        found = subprocess.run(["nix-hash", "--type", algo, str(tmp_path / "source")], capture_output=True, text=True, check=True)
        assert nar_hash(tmp_path / "source", algo)[0].base16() == found.stdout.strip()
        flat = subprocess.run(
            ["nix-hash", "--flat", "--type", algo, str(tmp_path / "source/big")], capture_output=True, text=True, check=True
        )
        assert file_hash(tmp_path / "source/big", algo)[0].base16() == flat.stdout.strip()


def test_nixs_collector_respects_our_roots_and_locks(tmp_path: Path) -> None:
    root = tmp_path / "R"
    with LocalStore(str(root)) as first:
        dead, needed = first.add_text("dead", b""), first.add_text("needed", b"")
        user = first.add_text("user", b"", [needed])
        first.add_root(str(tmp_path / "result"), user)
    with LocalStore(str(root)) as store:
        temporary = store.add_text("temporary", b"")
        live = [line for line in lines(nix(root, "--gc", "--print-live")) if "-imagetools-tmp-" not in line]
        assert live == sorted(map(store.store_dir.join, (user, needed, temporary)))
        assert lines(nix(root, "--gc", "--print-dead")) == [store.store_dir.join(dead)]
        nix(root, "--gc")
        assert set(LocalStore(str(root)).all_paths()) == {user, needed, temporary}
        assert not os.path.exists(store.real_path(dead))
        store.add_text("again", b"")  # the folder that we make new objects in is still there
    nix(root, "--gc")
    assert LocalStore(str(root)).all_paths() == sorted([user, needed])
    (tmp_path / "result").unlink()
    with LocalStore(str(root)) as store:
        other = store.add_text("other", b"")
        store.add_root(str(tmp_path / "other"), other)
    nix(root, "--gc")
    assert LocalStore(str(root)).all_paths() == [other]
    verified(root)


def test_both_add_at_the_same_time(tmp_path: Path) -> None:
    need("nix-store")
    root = tmp_path / "R"
    for number in range(6):
        make(tmp_path / f"t{number}", {b"f": b"x" * number, b"tree": SAMPLE})
    script = (
        "import sys\nfrom imagetools.store.local import LocalStore\n"
        "with LocalStore(sys.argv[1]) as store:\n"
        "    for name in sys.argv[2:]:\n        store.add_source(name, name.rpartition('/')[2])\n"
    )
    names = [str(tmp_path / f"t{number}") for number in range(6)]
    running = [
        subprocess.Popen(command)
        for command in (
            [sys.executable, "-c", script, str(root), *names],
            ["nix-store", "--store", f"local?root={root}", "--add", *reversed(names)],
            [sys.executable, "-c", script, str(root), *reversed(names)],
            ["nix-store", "--store", f"local?root={root}", "--add", *names],
        )
    ]
    assert [process.wait() for process in running] == [0, 0, 0, 0]
    with LocalStore(str(root)) as store:
        assert len(store.all_paths()) == 6
    verified(root)


@as_other_user()  # where the tests run as an ordinary user, all others show it already
def test_an_ordinary_user() -> None:
    """All of it as a user who is not root: by a spare uid when the tests run as root."""
    need("nix-store", "setpriv")
    home = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        (home / "script.py").write_text(USER_SCRIPT)
        os.chown(home, 30999, 30999)
        done = subprocess.run(
            ["setpriv", "--reuid=30999", "--regid=30999", "--clear-groups", sys.executable, str(home / "script.py"), str(home)],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(home), "USER": "somebody", "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert found["uid"] == 30999
        assert found["verify"].splitlines()[-1] == "checking store hashes..."
        assert len(found["valid"]) == 3
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(home)], check=False)
        shutil.rmtree(home)


USER_SCRIPT = """
import json, os, subprocess, sys
from pathlib import Path
home = Path(sys.argv[1])
os.umask(0o077)
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StorePath
from imagetools.kernel.hashes import digest
from imagetools.store.local import LocalStore
from imagetools.store.fs_nar import canonicalise
from tests.unit.store.trees import SAMPLE, make, nar_of
make(home / "t", SAMPLE)
with LocalStore(str(home / "R")) as store:
    a = store.add_text("a", b"a")
    b = store.add_source(str(home / "t"), "t")
    nar = nar_of(SAMPLE)
    store.import_nar(PathInfo(StorePath(b"i" * 20, "i"), digest("sha256", nar), len(nar)), [nar])
    make(home / "built", SAMPLE)
    canonicalise(home / "built")
    command = ["nix-store", "--store", f"local?root={home}/R", "--verify", "--check-contents"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print(json.dumps({"uid": os.getuid(), "verify": done.stderr, "valid": [str(p) for p in store.all_paths()]}))
"""
