"""AppImages of both types wrapped and run, by root and by an ordinary user; `imagetools appimage run`."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oracle import runnable_appimages as appimages
from tests.oracle.commands import imagetools
from tests.oracle.packages import Furnish, need_lists
from tests.oracle.peers import need
from tests.unit.sandbox.cage import base_for, need_namespaces, users

pytestmark = pytest.mark.oracle
user = pytest.mark.parametrize("user", users())

DEFINITION = """
with import <nixpkgs> {{ }};
let
  src = kind: builtins.path {{ path = {folder} + ("/" + kind); name = "app.AppImage"; }};
  # the usual libraries are seventy packages; this program needs none of them
  more = {{ multiPkgs = null; dieWithParent = false; }};
  files = appimageTools.extract {{ name = "x"; src = src "two"; }};
in
{{
  one = appimageTools.wrapType1 ({{ name = "one"; src = src "one"; }} // more);
  two = appimageTools.wrapType2 ({{
    pname = "two";
    version = "2.0";
    src = src "two";
    extraPkgs = pkgs: [ pkgs.zlib ];
    profile = "export X=profile";
    extraInstallCommands = ''
      install -Dm444 ${{files}}/app.desktop -t $out/share/applications
      install -m 644 -D ${{files}}/app.desktop $out/share/other.desktop
      substituteInPlace $out/share/other.desktop --replace-fail 'Icon=app' 'Icon=&two' --replace 'Exec=AppRun' 'Exec=two'
    '';
  }} // more);
  tree = appimageTools.wrapAppImage ({{ name = "tree"; src = files; }} // more);
  none = appimageTools.wrapType2 ({{ name = "none"; src = src "none"; }} // more);
  wrong = appimageTools.wrapAppImage ({{ name = "wrong"; src = src "two"; }} // more);
}}
"""
# the set with as few libraries around AppImages as tests need
SMALL = """
args: import {pkgs} (args // {{
  overlays = [ (final: prev: {{
    appimageTools = prev.appimageTools // {{ wrapType2 = args: prev.appimageTools.wrapType2 (args // {{ multiPkgs = null; }}); }};
  }}) ];
}})
"""


class World:
    """The images, what was built of them, and the home of the user who did it."""

    def __init__(self, home: Path, furnish: Furnish) -> None:
        self.home = home
        folder = home / "images"
        folder.mkdir()
        files = appimages.tree(folder)
        self.one = appimages.type_one(folder, files, "one")
        self.two = appimages.type_two(folder, files, "two")
        self.none = appimages.type_two(folder, appimages.tree(folder, app_run=False), "none")
        self.definition = home / "definition.nix"
        self.definition.write_text(DEFINITION.format(folder=folder))
        words = [str(self.definition), "-A", "one", "-A", "two", "-A", "tree"]
        furnish.archives(furnish(home), *words)
        outputs = imagetools("build", *words, "--no-out-link", home=home).stdout.split()
        self.outputs = dict(zip(("one", "two", "tree"), map(Path, outputs), strict=True))

    def run(self, name: str, *words: str, user: int | None, cwd: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[str]":
        who = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        done = subprocess.run(
            [self.outputs[name] / "bin" / name, *words],
            cwd=cwd,
            input=stdin,
            env={"PATH": "/usr/bin:/bin", "X": "y"},
            capture_output=True,
            check=False,
            **who,  # type: ignore[call-overload]
        )
        return subprocess.CompletedProcess(name, done.returncode, done.stdout.decode(), done.stderr.decode())

    def nothing_happened(self) -> bool:
        """Nobody ran what must not run."""
        found = [path for path in self.home.rglob("*") if path.name in ("EXECUTED", "HACKED")]
        return not found


@pytest.fixture(scope="module")
def world(furnish: Furnish) -> Iterator[World]:
    need("gcc", "mksquashfs", "xorriso")
    need_lists()
    need_namespaces()
    with base_for(None) as folder:
        Path(folder).chmod(0o755)
        yield World(Path(folder), furnish)


@user
@pytest.mark.parametrize("name", ["one", "two", "tree"])
def test_wrapped(world: World, user: int | None, name: str) -> None:
    with base_for(user) as folder:
        done = world.run(name, "a b", "$(touch HACKED)", "", user=user, cwd=folder, stdin=b"typed\n")
        assert os.listdir(folder) == []
    lines = dict(line.partition(" ")[::2] for line in done.stdout.splitlines())
    assert done.stderr == ""
    assert done.returncode == 5
    assert lines.pop("APPDIR").startswith("/nix/store/")
    assert "-libc6-" in lines.pop("libc")
    assert lines == {
        "words|a": "b|$(touch HACKED)|",
        "folder": folder,
        "APPIMAGE": "",
        "X": "profile" if name == "two" else "y",
        "stdin": "typed",
    }
    assert world.nothing_happened()


def test_extra_packages_and_install_commands(world: World) -> None:
    assert (world.outputs["two"] / "share/applications/app.desktop").read_text() == appimages.DESKTOP
    other = (world.outputs["two"] / "share/other.desktop").read_text()
    assert other == appimages.DESKTOP.replace("=app\n", "=&two\n").replace("=AppRun", "=two")
    env = {"PATH": "/usr/bin:/bin", "APPIMAGE_DEBUG_EXEC": "bash"}
    argv = [world.outputs["two"] / "bin/two"]
    script = b'pwd; echo "$APPDIR"; ls /lib/*/libz.so.1; type AppRun\n'
    done = subprocess.run(argv, env=env, input=script, capture_output=True, check=False)
    first, second, third = done.stdout.decode().splitlines()
    assert first == second
    assert first.endswith("-two-2.0-extracted")
    assert third.endswith("/libz.so.1")


def test_an_image_without_app_run(world: World) -> None:
    done = imagetools("build", str(world.definition), "-A", "none", "--no-out-link", home=world.home, check=False)
    assert done.returncode == 100
    assert "error: the AppImage has no AppRun at its top, so there is nothing to start" in done.stderr


def test_an_image_where_its_tree_is_wanted(world: World) -> None:
    done = imagetools("build", str(world.definition), "-A", "wrong", "--no-out-link", home=world.home, check=False)
    assert done.returncode == 100
    assert "is not the tree of an AppImage" in done.stderr


def test_attributes(world: World) -> None:
    text = f"let x = import {world.definition}; in with x.two; [ pname version name meta.mainProgram (baseNameOf src) ]"
    answer = json.loads(imagetools("eval", "--json", "-E", text, home=world.home).stdout)
    assert answer[:4] == ["two", "2.0", "two-2.0", "two"]
    assert answer[4].endswith("-app.AppImage")


def test_names_are_needed(world: World) -> None:
    text = "((import <nixpkgs> { }).appimageTools.wrapType2 { src = ./two; }).drvPath"
    done = imagetools("eval", "-E", text, home=world.home, check=False)
    assert "appimageTools.wrapType2: name, or pname and version, must be given" in done.stderr


@pytest.fixture(scope="module")
def small(world: World) -> str:
    """``-I`` for a set that needs few downloads."""
    pkgs = Path(imagetools("eval", "--raw", "-E", "<nixpkgs>", home=world.home, check=False).stdout.strip() or "/")
    place = world.home / "small.nix"
    place.write_text(SMALL.format(pkgs=pkgs))
    return f"nixpkgs={place}"


def test_run(world: World, small: str) -> None:
    strange = world.home / "My App $(touch HACKED); 1.0.AppImage"
    strange.write_bytes(world.two.read_bytes())
    words = ("appimage", "run", "-I", small, strange.name, "--debug", "a b")
    done = imagetools(*words, home=world.home, stdin=b"typed\n", check=False, variables={"X": "1"})
    lines = dict(line.partition(" ")[::2] for line in done.stdout.splitlines())
    assert done.returncode == 5, done.stderr
    assert lines["words|--debug|a"] == "b"
    assert lines["folder"] == str(world.home)
    assert lines["APPIMAGE"] == str(strange)
    assert lines["X"] == "1"
    assert lines["stdin"] == "typed"

    again = imagetools(*words, home=world.home, check=False)
    assert again.returncode == 5
    assert again.stderr == ""  # nothing to build
    debug = imagetools(
        *words, home=world.home, stdin=b"echo $APPDIR; exit 9\n", variables={"APPIMAGE_DEBUG_EXEC": "bash"}, check=False
    )
    assert debug.returncode == 9
    assert debug.stdout.strip() == lines["APPDIR"]
    assert world.nothing_happened()


def test_what_cannot_be_run(world: World) -> None:
    def said(path: str) -> tuple[int, str]:
        done = imagetools("appimage", "run", path, home=world.home, check=False)
        return done.returncode, done.stderr

    assert said("missing") == (127, "error: 'missing' cannot be run: No such file or directory\n")
    assert said("images") == (127, "error: 'images' is not a file\n")
    text = world.home / "text"
    text.write_text("no image\n")
    code, message = said("text")
    assert code == 1
    assert message.startswith("error: ")
    assert message.count("\n") == 1, message
