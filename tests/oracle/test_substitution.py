"""Binary caches between real Nix and us, both ways: theirs serve our builds, ours serve theirs; signed, killed, side by side."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from imagetools.store.local import LocalStore
from tests.oracle.cache_server import serving
from tests.oracle.commands import imagetools, nix, run
from tests.oracle.killable import Killable
from tests.oracle.packages import Furnish
from tests.oracle.peers import need
from tests.oracle.test_killed_builds import whole
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

DEFINITION = """
with import <nixpkgs> { };
let library = writeText "library" "code"; in
runCommand "program" { } "echo ${library} ${bash} > $out"
"""


class Place:
    """A store with a program built in it by us, and a cache that Nix has made of that."""

    def __init__(self, home: Path, furnish: Furnish) -> None:
        self.home = home
        (home / "x.nix").write_text(DEFINITION)
        self.root = home / "built"
        furnish(home, store=self.root)
        self.build(self.root, "--no-substitute")
        self.program = next(path.name for path in (self.root / "nix/store").glob("*-program"))

    def build(self, root: Path, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        return imagetools("build", "x.nix", "--no-out-link", "--store", str(root), *words, home=self.home, check=check)

    def nix_copy(self, to: str, *words: str) -> None:
        command = ["--extra-experimental-features", "nix-command", "copy", "--no-check-sigs", "--to", to]
        nix("nix", *command, *words, f"/nix/store/{self.program}", root=self.root)

    def keys(self) -> tuple[Path, str]:
        secret, public = self.home / "secret", self.home / "public"
        run(["nix-store", "--generate-binary-cache-key", "test-1", str(secret), str(public)], cwd=self.home)
        return secret, public.read_text().strip()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, furnish: Furnish) -> Place:
    need("nix", "nix-store")
    need_namespaces()
    return Place(tmp_path_factory.mktemp("place"), furnish)


@pytest.mark.parametrize("compression", ["xz", "zstd", "none", "bzip2"])
def test_a_cache_of_nix_serves_us(place: Place, tmp_path: Path, compression: str) -> None:
    place.nix_copy(f"file://{tmp_path}/cache?compression={compression}")
    with serving(tmp_path / "cache") as server:
        words = ["--substituters", server.url, "--no-require-sigs"]
        planned = place.build(tmp_path / "R", "--dry-run", *words)
        assert "will be built" not in planned.stderr
        assert f"  /nix/store/{place.program}\n" in planned.stderr
        assert "paths will be fetched (" in planned.stderr
        done = place.build(tmp_path / "R", *words)
    assert done.stdout == f"{tmp_path}/R/nix/store/{place.program}\n"
    assert f"copying path '/nix/store/{place.program}' from '{server.url}'..." in done.stderr
    assert "building '" not in done.stderr
    whole(tmp_path / "R")
    assert run(["diff", "-r", f"{place.root}/nix/store/{place.program}", done.stdout.strip()], cwd=tmp_path).stdout == ""


def test_signatures_of_nix(place: Place, tmp_path: Path, furnish: Furnish) -> None:
    secret, public = place.keys() if not (place.home / "secret").exists() else (place.home / "secret", "")
    public = (place.home / "public").read_text().strip()
    place.nix_copy(f"file://{tmp_path}/cache?secret-key={secret}")
    cache = f"file://{tmp_path}/cache"
    trusted = place.build(tmp_path / "R", "--substituters", cache, "--trusted-public-keys", public)
    assert "building '" not in trusted.stderr
    other = public.partition(":")[0] + ":" + "A" * 43 + "="
    furnish(tmp_path, store=tmp_path / "S")
    refused = place.build(tmp_path / "S", "--substituters", cache, "--trusted-public-keys", other)
    assert f"ignoring substitute for '/nix/store/{place.program}' from '{cache}', as it's not signed" in refused.stderr
    assert "building '" in refused.stderr


def test_our_signed_cache_serves_nix(place: Place, tmp_path: Path) -> None:
    """With require-sigs on."""
    made = imagetools("key", "generate", "ours-1", "secret", "public", home=tmp_path)
    assert (tmp_path / "public").read_text() == made.stdout.strip()
    assert imagetools("key", "public", "secret", home=tmp_path).stdout == made.stdout
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    (tmp_path / "c.nix").write_text(f"(import <nixpkgs> {{}}).mkBinaryCache {{ rootPaths = [ (import {place.home}/x.nix) ]; }}")
    built = imagetools("build", "c.nix", "--store", str(place.root), "--no-out-link", home=tmp_path).stdout.strip()
    run(["cp", "-r", "--no-preserve=mode", built, str(tmp_path / "cache")], cwd=tmp_path)
    words = ["--option", "substituters", f"file://{tmp_path}/cache", "--option", "trusted-public-keys", made.stdout.strip()]
    realise = ["nix-store", "--realise", f"/nix/store/{place.program}", *words]
    (tmp_path / "unsigned").mkdir()
    assert nix(*realise, root=tmp_path / "unsigned", check=False).returncode != 0
    done = imagetools("store", "sign", "-k", "secret", "--cache", "cache", "--all", home=tmp_path)
    assert done.stderr.endswith("store paths signed\n")
    (tmp_path / "theirs").mkdir()
    assert nix(*realise, root=tmp_path / "theirs").stdout == f"/nix/store/{place.program}\n"


def test_what_is_built_is_signed(place: Place, tmp_path: Path, furnish: Furnish) -> None:
    """With the setting secret-key-files, from the command line or nix.conf; real Nix believes the signature."""
    furnish.archives(place.home, "x.nix", root=tmp_path / "R")
    imagetools("key", "generate", "k-1", "secret", "public", home=tmp_path)
    (tmp_path / "nix.conf").write_text(f"# ours\nsecret-key-files = {tmp_path}/secret\nsandbox = false\n")
    variables = {"NIX_CONF_DIR": str(tmp_path)}
    words = ["build", str(place.home / "x.nix"), "--no-out-link", "--store", "R"]
    made = imagetools(*words, home=tmp_path, variables=variables).stdout.strip()
    said = imagetools("store", "info", "--json", made, "--store", "R", home=tmp_path).stdout
    assert '"k-1:' in said
    imagetools("copy", made, "--to", f"file://{tmp_path}/cache", "--store", "R", home=tmp_path)
    public = (tmp_path / "public").read_text()
    options = ["--option", "substituters", f"file://{tmp_path}/cache", "--option", "trusted-public-keys", public]
    (tmp_path / "N").mkdir()
    logical = f"/nix/store/{Path(made).name}"
    assert nix("nix-store", "--realise", logical, *options, root=tmp_path / "N").stdout == logical + "\n"


def test_copying(place: Place, tmp_path: Path) -> None:
    """Into a folder, onto a server, from it into a store of ours, into one of Nix's; what is there is left alone."""
    path = f"{place.root}/nix/store/{place.program}"
    store = ["--store", str(place.root)]
    imagetools("key", "generate", "k-1", "secret", "public", home=tmp_path)
    imagetools("store", "sign", "-k", "secret", "-r", path, *store, home=tmp_path)
    done = imagetools("copy", path, "--to", f"file://{tmp_path}/cache", "--compression", "zstd", *store, home=tmp_path)
    assert done.stderr.endswith("3 of 3 store paths copied\n")
    (tmp_path / "up").mkdir()
    with serving(tmp_path / "up", writable=True) as server:
        imagetools("copy", path, "--to", server.url, "--compression", "none", *store, home=tmp_path)
        again = imagetools("copy", path, "--to", server.url, *store, home=tmp_path)
        assert again.stderr == "0 of 3 store paths copied\n"
        logical = f"/nix/store/{place.program}"
        words = ["copy", "--from", server.url, logical, "--store", str(tmp_path / "R")]
        unsigned = imagetools(*words, home=tmp_path, check=False)
        assert unsigned.returncode == 1
        assert "because it lacks a valid signature" in unsigned.stderr
        public = (tmp_path / "public").read_text()
        imagetools(*words, "--trusted-public-keys", public, home=tmp_path)
        (tmp_path / "N").mkdir()
        command = ["--extra-experimental-features", "nix-command", "copy", "--from", server.url, logical]
        nix("nix", *command, "--option", "trusted-public-keys", public, root=tmp_path / "N")
        server.writable = False
        refused = imagetools("copy", "--all", "--to", server.url, *store, home=tmp_path, check=False)
        assert refused.returncode == 1
        assert "HTTP 403" in refused.stderr
        assert "the server does not let you write there" in refused.stderr
    whole(tmp_path / "R")
    imagetools("copy", "--all", "--from", str(tmp_path / "R"), "--to", str(tmp_path / "S"), "--no-check-sigs", home=tmp_path)
    whole(tmp_path / "S")
    with LocalStore(str(tmp_path / "R")) as one, LocalStore(str(tmp_path / "S")) as two:
        assert one.all_paths() == two.all_paths()


def test_what_vanished_is_built_and_what_broke_only_with_fallback(place: Place, tmp_path: Path, furnish: Furnish) -> None:
    for name in ("R", "S"):
        furnish.archives(place.home, "x.nix", root=tmp_path / name)
    place.nix_copy(f"file://{tmp_path}/cache?compression=zstd")
    words = ["--substituters", f"file://{tmp_path}/cache", "--no-require-sigs"]
    nars = sorted((tmp_path / "cache/nar").iterdir())
    for nar in nars:
        nar.write_bytes(b"broken")
    broken = place.build(tmp_path / "R", *words, check=False)
    assert broken.returncode == 1
    assert "size mismatch of 'nar/" in broken.stderr
    assert broken.stderr.rstrip().endswith("build it instead: --fallback")
    assert "building '" in place.build(tmp_path / "R", *words, "--fallback").stderr
    for nar in nars:
        nar.unlink()
    assert "building '" in place.build(tmp_path / "S", *words).stderr
    whole(tmp_path / "R")
    whole(tmp_path / "S")


def test_two_processes_fetch_the_same_closure(place: Place, tmp_path: Path) -> None:
    place.nix_copy(f"file://{tmp_path}/cache?compression=none")
    with serving(tmp_path / "cache") as server:
        argv = [sys.executable, "-m", "imagetools", "build", "x.nix", "--no-out-link", "--store", str(tmp_path / "R")]
        argv += ["--substituters", server.url, "--no-require-sigs"]
        environment = {**os.environ, "HOME": str(tmp_path), "NIX_PATH": ""}
        both = [subprocess.Popen(argv, cwd=place.home, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        for process in both:
            _, said = process.communicate()
            assert process.returncode == 0, said
        assert len({line for line in server.asked if "/nar/" in line}) == 3
    whole(tmp_path / "R")


@pytest.mark.parametrize("what", ["substitution", "copy"])
def test_killed_at_random_moments(place: Place, tmp_path: Path, what: str) -> None:
    """What is valid is whole, and the next run ends the work."""
    with LocalStore(str(tmp_path / "origin"), durable=False) as origin:
        low = None
        for n in range(30):
            low = origin.add_text(f"text-{n}", os.urandom(100) * 2000, [low] if low else [])
    assert low is not None
    imagetools("copy", "--all", "--to", f"file://{tmp_path}/cache", "--compression", "zstd", "--store", "origin", home=tmp_path)
    chance = random.Random(9)
    killed = 0
    with Killable(tmp_path) as program:
        if what == "copy":
            words = ["copy", "--from", str(tmp_path / "origin"), "--all", "--to", str(tmp_path / "R"), "--no-check-sigs"]
        else:
            words = ["copy", "--from", f"file://{tmp_path}/cache", f"/nix/store/{low.base_name}", "--store", str(tmp_path / "R")]
            words += ["--no-check-sigs"]
        code, longest = program.run(None, *words)
        assert code == 0, (tmp_path / "said").read_text()
        for moment in range(50):
            if moment % 5 == 0:
                run(["rm", "-rf", str(tmp_path / "R")], cwd=tmp_path)
            code, _ = program.run(longest * chance.random(), *words)
            killed += code == -9
            assert code in (0, -9), (tmp_path / "said").read_text()
            if moment % 10 == 4 and (tmp_path / "R/nix/var/nix/db/schema").exists():
                whole(tmp_path / "R")
        assert killed > 10
        assert program.run(None, *words)[0] == 0
    with LocalStore(str(tmp_path / "R")) as store:
        assert len(store.all_paths()) == 30
    whole(tmp_path / "R")
