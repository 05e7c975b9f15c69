"""``imagetools store`` answers as ``nix-store`` does about the same store, adds what it adds, and finds what it finds."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from imagetools.store.fs_nar import nar_hash
from imagetools.store.local import LocalStore
from imagetools.store.ports import BuiltOutput
from tests.oracle.commands import imagetools, nix, run
from tests.oracle.peers import need

pytestmark = pytest.mark.oracle

DEFINITION = """
let
  make = name: extra: derivation ({ inherit name; system = "x86_64-linux"; builder = "/bin/sh"; src = ./source; } // extra);
  low = make "low" { };
  many = make "many" { outputs = [ "out" "dev" "bin" ]; inherit low; };
in
make "top" { inherit many low; dev = many.dev; text = builtins.toFile "text" "text"; }
"""


class Place:
    """A store with derivations, sources, and outputs that refer to each other; ``names`` are its objects by name."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.names: dict[str, str] = {}

    def ours(self, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        return imagetools("store", *words, "--store", str(self.root), home=self.root, check=check)

    def theirs(self, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        return nix("nix-store", *words, root=self.root, check=check)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    need("nix-store", "nix-instantiate")
    made = Place(tmp_path_factory.mktemp("store"))
    (made.root / "source").mkdir()
    (made.root / "source/file").write_text("source")
    (made.root / "top.nix").write_text(DEFINITION)
    (made.root / "file").write_text("file")
    nix("nix-instantiate", str(made.root / "top.nix"), root=made.root)
    with LocalStore(str(made.root), durable=False) as store:
        drvs = {path.name: path for path in store.all_paths() if path.is_derivation}
        outputs = {path.name: path for drv in drvs.values() for path in store.derivation_outputs(drv).values()}

        def build(name: str, drv: str, *needs: str) -> BuiltOutput:
            path = outputs[name]
            real = Path(store.real_path(path))
            real.mkdir()
            (real / "refers").write_text(" ".join(outputs[other].base_name for other in needs))
            os.chmod(real / "refers", 0o444)
            os.utime(real / "refers", (1, 1))
            os.utime(real, (1, 1))
            os.chmod(real, 0o555)
            value, size = nar_hash(str(real))
            return BuiltOutput(path, value, size, tuple(outputs[other] for other in needs), drvs[f"{drv}.drv"])

        store.register_built([build("low", "low", "low")])
        store.register_built([build("many", "many", "low"), build("many-dev", "many", "many", "low", "many-dev")])
        store.register_built([build("top", "top", "many-dev", "low")])
        store.add_root(str(made.root / "result"), outputs["top"])
        store.add_root(str(made.root / "result-2"), outputs["low"])
        made.names = {path.name: store.store_dir.join(path) for path in (*store.all_paths(), outputs["many-bin"])}
    return made


QUESTIONS = [
    ["--references", "top"],
    ["--references", "top.drv"],
    ["--references", "top", "many-dev", "low"],
    ["--references", "-u", "top.drv", "low.drv"],
    ["--requisites", "top"],
    ["-R", "top.drv"],
    ["-R", "top.drv", "--include-outputs"],
    ["-R", "top", "top.drv", "text"],
    ["--referrers", "low"],
    ["--referrers", "low", "low.drv", "source"],
    ["--referrers-closure", "low"],
    ["--referrers-closure", "source", "low"],
    ["--deriver", "top", "low", "source", "top.drv"],
    ["--outputs", "many.drv", "top.drv"],
    ["--outputs", "low"],
    ["many.drv"],
    ["--hash", "top", "low", "source"],
    ["--hash", "-u", "low.drv", "top.drv"],
    ["--size", "top", "low", "top.drv"],
    ["--tree", "top"],
    ["--tree", "top.drv"],
    ["--tree", "many-dev", "low"],
]


@pytest.mark.parametrize("words", QUESTIONS, ids=" ".join)
def test_the_same_answers_in_the_same_order(place: Place, words: list[str]) -> None:
    asked = [place.names.get(word, word) for word in words]
    assert place.ours("query", *asked).stdout == place.theirs("--query", *asked).stdout


def test_result_links_and_physical_paths(place: Place) -> None:
    expected = place.theirs("--query", "-R", place.names["top"]).stdout
    assert place.ours("query", "-R", str(place.root / "result")).stdout == expected
    assert place.ours("query", "-R", str(place.root) + place.names["top"] + "/refers").stdout == expected
    physical = place.ours("query", "-R", "--physical", "result").stdout
    assert physical == "".join(f"{place.root}{line}\n" for line in expected.splitlines())


def test_roots_are_the_result_links(place: Place) -> None:
    top, low = f"{place.root}/result -> {place.names['top']}\n", f"{place.root}/result-2 -> {place.names['low']}\n"
    for name, expected in (("top", top), ("low", top + low), ("many-dev", top), ("low.drv", top + low), ("source", top + low)):
        assert place.ours("query", "--roots", place.names[name]).stdout == expected, name
        theirs = place.theirs("--query", "--roots", place.names[name]).stdout
        targets = sorted(line.split(" -> ")[1] for line in theirs.splitlines() if "/gcroots/" in line)
        assert targets == sorted(line.split(" -> ")[1] for line in expected.splitlines()), name
    assert place.ours("query", "--roots", place.names["many"]).stdout == top


def test_answers_as_json(place: Place) -> None:
    names = place.names

    def asked(*words: str) -> object:
        return json.loads(place.ours("query", "--json", *words).stdout)

    assert asked("--references", names["many-dev"]) == [names["low"], names["many"], names["many-dev"]]
    assert asked("--deriver", names["low"], names["source"]) == {names["low"]: names["low.drv"], names["source"]: None}
    assert asked("--roots", names["top"]) == {f"{place.root}/result": names["top"]}
    assert asked("--size", names["low"]) == {names["low"]: int(place.theirs("-q", "--size", names["low"]).stdout)}
    assert asked("--tree", names["many"]) == {
        names["many"]: {names["low"]: [names["low"]], names["many"]: [names["low"]]},
    }


def test_path_info(place: Place) -> None:
    asked = [place.names[name] for name in ("top", "many-dev", "top.drv", "text")]
    words = ["nix", "--experimental-features", "nix-command", "path-info", "--store", f"local?root={place.root}", "--json"]
    theirs = {item["path"]: item for item in json.loads(run([*words, *asked], cwd=place.root).stdout)}
    for item in json.loads(place.ours("info", "--json", *asked).stdout):
        assert item.pop("physicalPath") == f"{place.root}{item['path']}"
        assert item.pop("closureSize") >= item["narSize"]
        if item["path"] in theirs:
            assert item == theirs[item["path"]]
    text = place.ours("info", place.names["low"]).stdout
    assert f"deriver:   {place.names['low.drv']}\n" in text
    assert place.ours("info", "-r", place.names["top"]).stdout.count("path:  ") == 4


def test_what_is_not_valid(place: Place) -> None:
    missing = "/nix/store/" + "0" * 32 + "-x"
    for question in ("--references", "-R", "--referrers", "--deriver", "--hash", "--size", "--roots", "--tree"):
        ours = place.ours("query", question, missing, check=False)
        assert (ours.stderr, ours.returncode) == (f"error: path '{missing}' is not valid\n", 1)
    twice = place.ours("query", "--hash", "--size", missing, check=False)
    assert twice.stderr.startswith("error: --hash and --size exclude each other\n")
    assert twice.returncode == 2


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (["file", "source"], ["--add", "file", "source"]),
        (["--fixed", "sha1", "file"], ["--add-fixed", "sha1", "file"]),
        (["--fixed", "sha256", "--recursive", "source"], ["--add-fixed", "--recursive", "sha256", "source"]),
        (["--flat", "--algo", "md5", "file"], ["--add-fixed", "md5", "file"]),
        (["--flat", "file"], ["--add-fixed", "sha256", "file"]),
        (["--algo", "sha512", "source"], ["--add-fixed", "--recursive", "sha512", "source"]),
    ],
)
def test_add(place: Place, tmp_path: Path, ours: list[str], theirs: list[str]) -> None:
    added = imagetools("store", "add", "--store", str(tmp_path), *ours, home=place.root).stdout
    assert added == place.theirs(*theirs).stdout
    physical = imagetools("store", "add", "--physical", "--store", str(tmp_path), *ours, home=place.root).stdout
    assert physical == "".join(f"{tmp_path}{line}\n" for line in added.splitlines())
    assert all(os.path.exists(line) for line in physical.splitlines())
    assert nix("nix-store", "--verify", "--check-contents", root=tmp_path).returncode == 0


def test_add_with_another_name(place: Place, tmp_path: Path) -> None:
    words = ["nix", "--experimental-features", "nix-command", "store", "add-path", "--store", f"local?root={tmp_path}"]
    added = imagetools("store", "add", "--store", str(tmp_path), "--name", "other", "source", home=place.root).stdout
    assert added == run([*words, "--name", "other", "source"], cwd=place.root).stdout
    refused = imagetools("store", "add", "--store", str(tmp_path), "--name", "x", "source", "file", home=place.root, check=False)
    assert (refused.stderr, refused.returncode) == ("error: --name can be given for one path only\n", 2)
    unnamed = place.ours("add", "--name", "", "one", check=False)
    assert (unnamed.stderr, unnamed.returncode) == ("error: name must not be empty\n", 1)


def test_verify_where_nothing_was_ever_stored(tmp_path: Path) -> None:
    for name in ("nowhere", "file"):
        (tmp_path / "file").write_text("no store")
        said = imagetools("store", "verify", "--store", name, home=tmp_path).stderr
        assert said == f"there is no store at '{tmp_path}/{name}' yet, so nothing to check\n"
    assert not (tmp_path / "nowhere").exists()


def test_verify_finds_what_real_nix_finds(tmp_path: Path) -> None:
    need("nix-store")
    place = Place(tmp_path)
    (tmp_path / "one").write_text("one")
    (tmp_path / "two").write_text("two")
    one, two = place.ours("add", "one", "two").stdout.split()
    assert place.ours("verify", "--check-contents").stderr == "2 store paths checked, nothing is wrong\n"
    physical = Path(f"{tmp_path}{one}")
    physical.chmod(0o644)
    physical.write_text("ONE")
    physical.chmod(0o444)
    assert place.ours("verify").returncode == 0
    ours = place.ours("verify", "--check-contents", check=False)
    theirs = place.theirs("--verify", "--check-contents", check=False)
    sentence = next(line for line in ours.stderr.splitlines() if "was modified" in line)
    assert sentence in theirs.stderr
    assert (ours.returncode, theirs.returncode) == (1, 1)
    assert ours.stderr.splitlines()[-1] == "error: 1 store path is not as registered"
    os.unlink(f"{tmp_path}{two}")
    assert f"path '{two}' disappeared, but it is still valid" in place.ours("verify", check=False).stderr
