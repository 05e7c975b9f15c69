"""Merging packages into one tree, in memory and on the disk."""

import os
import subprocess
from pathlib import Path

import pytest

from imagetools.bundled.builders.fhs_env.fhs_env import ascii_literal
from imagetools.bundled.builders.fhs_env.fhs_tree import FhsTree
from tests.unit.house.imports import ROOT

COMMANDS = ROOT / "builders/trivial/usual_commands.sh"


class Packages:
    """Packages below a folder that plays the store."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "store"
        self.store.mkdir()
        self.out = folder / "out"

    def package(self, name: str, *files: str, **links: str) -> None:
        for file in files:
            place = self.store / name / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(name)
        for link, target in links.items():
            place = self.store / name / link.replace("__", "/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(target)

    def merged(self, *names: str) -> dict[str, str | None]:
        """Path in the tree to what its link says; None for a folder that is empty."""
        tree = FhsTree(str(self.store))
        for name in names:
            tree.add(str(self.store / name), str(self.store / name))
        self.out.mkdir()
        count = tree.write(str(self.out))
        found: dict[str, str | None] = {}
        for top, folders, files in os.walk(self.out):
            for name in (*folders, *files):
                path = Path(top, name)
                if path.is_symlink():
                    found[str(path.relative_to(self.out))] = os.readlink(path).replace(f"{self.store}/", "S/")
                elif not any(path.iterdir()):
                    found[str(path.relative_to(self.out))] = None
        assert count == sum(1 for target in found.values() if target is not None)
        return found


@pytest.fixture
def packages(tmp_path: Path) -> Packages:
    return Packages(tmp_path)


def test_both_layouts(packages: Packages) -> None:
    packages.package("nix", "bin/a", "lib/x.so", "share/doc/a", "etc/a", "nix-support/x", "var/x", "file")
    packages.package("debian", "usr/bin/b", "bin/c", "lib/x86_64-linux-gnu/y.so", "usr/lib/x86_64-linux-gnu/z.so", "opt/b/b")
    assert packages.merged("nix", "debian") == {
        "usr/bin/a": "S/nix/bin/a",
        "usr/bin/b": "S/debian/usr/bin/b",
        "usr/bin/c": "S/debian/bin/c",
        "usr/lib/x.so": "S/nix/lib/x.so",
        "usr/lib/x86_64-linux-gnu/y.so": "S/debian/lib/x86_64-linux-gnu/y.so",
        "usr/lib/x86_64-linux-gnu/z.so": "S/debian/usr/lib/x86_64-linux-gnu/z.so",
        "usr/share/doc/a": "S/nix/share/doc/a",
        "etc/a": "S/nix/etc/a",
        "opt/b/b": "S/debian/opt/b/b",
    }


def test_the_first_keeps_a_name(packages: Packages) -> None:
    packages.package("one", "bin/a", "share/x")
    packages.package("two", "bin/a", "bin/b", "share/x/y")
    assert packages.merged("one", "two") == {
        "usr/bin/a": "S/one/bin/a",
        "usr/bin/b": "S/two/bin/b",
        "usr/share/x": "S/one/share/x",
    }


def test_links(packages: Packages) -> None:
    packages.package(
        "one",
        "lib/x.so.1",
        **{
            "lib__x.so": "x.so.1",
            "lib__other.so": "other.so.1",
            "lib64__ld.so": "/lib/ld.so.1",
            "lib__away": "../../../etc/passwd",
        },
    )
    assert packages.merged("one") == {
        "usr/lib/x.so.1": "S/one/lib/x.so.1",
        "usr/lib/x.so": "S/one/lib/x.so",
        "usr/lib/other.so": "other.so.1",  # another package may have it
        "usr/lib64/ld.so": "/lib/ld.so.1",  # of the tree, whatever the host has
        "usr/lib/away": "../../../etc/passwd",
    }


def test_links_to_folders_merge(packages: Packages) -> None:
    packages.package("real", "share/real/a")
    packages.package("linked", share__x=str(packages.store / "real/share/real"), lib64="lib")
    packages.package("linked", "lib/l")
    packages.package("more", "share/x/b", "share/y/c")
    packages.package("last", share__y=str(packages.store / "real/share/real"))
    assert packages.merged("linked") == {
        "usr/share/x": "S/linked/share/x",
        "usr/lib/l": "S/linked/lib/l",
        "usr/lib64/l": "S/linked/lib64/l",
    }
    packages.out = packages.out.with_name("again")
    assert packages.merged("linked", "more", "last") == {
        "usr/share/x/a": "S/linked/share/x/a",
        "usr/share/x/b": "S/more/share/x/b",
        "usr/share/y/a": "S/last/share/y/a",
        "usr/share/y/c": "S/more/share/y/c",
        "usr/lib/l": "S/linked/lib/l",
        "usr/lib64/l": "S/linked/lib64/l",
    }


def test_links_in_circles(packages: Packages) -> None:
    packages.package("one", "bin/a", lib__x="y", lib__y="x", share="share")
    assert packages.merged("one") == {"usr/bin/a": "S/one/bin/a", "usr/lib/x": "y", "usr/lib/y": "x"}


def test_a_file_is_no_tree(packages: Packages) -> None:
    (packages.store / "file").write_text("x")
    assert packages.merged("file") == {}


def test_literals_are_python_in_ascii() -> None:
    facts = {"name": "a'\"\\\n é \U0001f600 \ud800", "list": ["x" * 200], "yes": True, "none": None, "number": 1}
    text = ascii_literal(facts)
    assert text.isascii()
    assert eval(text) == facts


def bash(script: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    argv = ["bash", "-e", "-c", f'source "{COMMANDS}"\n{script}']
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)


def test_install(tmp_path: Path) -> None:
    (tmp_path / "a b").write_text("1")
    (tmp_path / "c").write_text("2")
    script = """
      install -Dm444 'a b' out/x/y
      install -m 644 -D -t out/z 'a b' c
      install -d -m 700 d/e f
      install c d
      install -T c d/t
      install --mode=600 -v -- c d/u
    """
    done = bash(script, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    modes = {str(path.relative_to(tmp_path)): path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_file()}
    del modes["a b"], modes["c"]
    assert modes == {"out/x/y": 0o444, "out/z/a b": 0o644, "out/z/c": 0o644, "d/c": 0o755, "d/t": 0o755, "d/u": 0o600}
    assert (tmp_path / "d/e").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "f").is_dir()


def test_install_gives_to_others(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    script = """
      chown() { echo "$*"; }
      install -o x -g y -m 4755 a b; install -gy -o x a b
      install --owner=x a b; install --group=y a b
      install -d -o x -g y -m 2750 d
    """
    done = bash(script, tmp_path)
    assert done.stdout.splitlines() == ["x:y -- b", "x:y -- b", "x -- b", ":y -- b", "x:y -- d"], done.stderr
    assert (tmp_path / "d").stat().st_mode & 0o7777 == 0o2750


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("install -z a b", "install: the option -z is not known here"),
        ("install a", "install: needs a file and where to put it"),
        ("install -m", "install: the option -m needs a value"),
        ("install c c missing", "install: 'missing' is not a folder"),
        ("substituteInPlace missing --replace a b", "substituteInPlace: 'missing' does not exist"),
        ("substituteInPlace c --replace-fail a b", "substituteInPlace: 'c' does not contain 'a'"),
        ("substituteInPlace c --strange a b", "substituteInPlace: the option '--strange' is not known"),
    ],
)
def test_what_commands_refuse(tmp_path: Path, script: str, said: str) -> None:
    (tmp_path / "c").write_text("2")
    done = bash(script, tmp_path)
    assert done.returncode != 0
    assert done.stderr == said + "\n"


def test_substituting(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("one * @x@ @y@\n\n")
    script = "y=Y; substituteInPlace a b --replace-fail 'one *' '& \\1' --subst-var-by x X --subst-var y --replace none 1"
    done = bash(script, tmp_path)
    assert done.returncode == 0
    assert done.stderr.splitlines() == [f"substituteInPlace: warning: '{name}' does not contain 'none'" for name in ("a", "b")]
    assert {(tmp_path / name).read_text() for name in ("a", "b")} == {"& \\1 X Y\n\n"}
