"""builtin:buildenv on real folders: what is linked where, and every way in which two packages can collide."""

from pathlib import Path

import pytest

from imagetools.builtin.api import MissingAttributeError, ShellFailedError
from imagetools.bundled.builders.trivial.build_env import BuildEnv
from imagetools.bundled.builders.trivial.link_plan import CollisionError, NotATreeError
from imagetools.kernel.bytestr import to_str
from tests.unit.builders.linking import context, package, shown
from tests.unit.fetchers.context import SmallContext

HINT = (
    "let one win: wrap a package in lib.hiPrio or lib.lowPrio (or set meta.priority; the lower number wins), "
    "link less with pathsToLink, or take the first with ignoreCollisions = true"
)


def build(folder: Path, *packages: str | tuple[str, int], **env: object) -> SmallContext:
    pkgs = [{"paths": [p if isinstance(p, str) else p[0]], "priority": 5 if isinstance(p, str) else p[1]} for p in packages]
    ctx = context(folder, "buildenv", {"pkgs": pkgs, "pathsToLink": ["/"], "checkCollisionContents": True, **env})
    BuildEnv().build(ctx)
    return ctx


def test_one_package_is_linked_by_its_folders(tmp_path: Path) -> None:
    a = package(tmp_path / "p", "a", {"bin/x": "!x", "share/doc/x": "doc", "top": "t"})
    ctx = build(tmp_path, a)
    assert shown(tmp_path / "out", tmp_path / "p") == {"bin": "-> a/bin", "share": "-> a/share", "top": "-> a/top"}
    assert ctx.lines == ["created 3 symlinks"]


def test_folders_that_several_have_are_merged(tmp_path: Path) -> None:
    a = package(tmp_path / "p", "a", {"bin/x": "!x", "share/a/f": "f", "share/doc/a": "a"})
    b = package(tmp_path / "p", "b", {"bin/y": "!y", "share/doc/b": "b", "lib/l": "l"})
    build(tmp_path, a, b)
    assert shown(tmp_path / "out", tmp_path / "p") == {
        "bin": "dir",
        "bin/x": "-> a/bin/x",
        "bin/y": "-> b/bin/y",
        "share": "dir",
        "share/a": "-> a/share/a",
        "share/doc": "dir",
        "share/doc/a": "-> a/share/doc/a",
        "share/doc/b": "-> b/share/doc/b",
        "lib": "-> b/lib",
    }


def test_paths_to_link(tmp_path: Path) -> None:
    a = package(tmp_path / "p", "a", {"bin/x": "!x", "share/man/m": "m", "share/doc/d": "d", "binary/x": "x", "lib/l": "l"})
    build(tmp_path, a, pathsToLink=["/bin", "share/man", "/missing"])
    assert shown(tmp_path / "out", tmp_path / "p") == {
        "bin": "dir",
        "bin/x": "-> a/bin/x",
        "share": "dir",
        "share/man": "dir",
        "share/man/m": "-> a/share/man/m",
        "missing": "dir",
    }


def test_extra_prefix_and_manifest(tmp_path: Path) -> None:
    a = package(tmp_path / "p", "a", {"x": "x"})
    build(tmp_path, a, extraPrefix="/usr/local", manifest="/nix/store/m")
    assert shown(tmp_path / "out", tmp_path / "p") == {
        "usr": "dir",
        "usr/local": "dir",
        "usr/local/x": "-> a/x",
        "manifest": "-> /nix/store/m",
    }


def test_no_packages_make_an_empty_tree(tmp_path: Path) -> None:
    build(tmp_path)
    assert shown(tmp_path / "out", tmp_path) == {}


def test_what_is_never_linked(tmp_path: Path) -> None:
    files = {
        "nix-support/x": "",
        "propagated-build-inputs": "",
        "share/info/dir": "",
        "share/mime/globs": "",
        "lib/perllocal.pod": "",
    }
    a = package(tmp_path / "p", "a", {**files, "keep": "", "share/mime/packages/x": ""})
    b = package(
        tmp_path / "p", "b", {**dict.fromkeys(files, "other"), "share/mime/packages/y": "", "lib/z": "", "share/info/z": ""}
    )
    build(tmp_path, a, b)
    names = {name for name, what in shown(tmp_path / "out", tmp_path / "p").items() if what != "dir"}
    assert names == {"keep", "share/mime/packages/x", "share/mime/packages/y", "lib/z", "share/info/z"}


def test_the_same_file_twice_is_no_collision(tmp_path: Path) -> None:
    a = package(tmp_path / "p", "a", {"bin/x": "!same"})
    b = package(tmp_path / "p", "b", {"bin/x": "!same", "bin/y": f"-> {a}/bin/x"})
    c = package(tmp_path / "p", "c", {"bin/y": f"-> {a}/bin/x"})
    build(tmp_path, a, b, c)
    assert shown(tmp_path / "out", tmp_path / "p")["bin/x"] == "-> a/bin/x"


def test_a_file_is_better_than_a_link_to_it(tmp_path: Path) -> None:
    a = package(tmp_path / "p", "a", {"x": "x"})
    b = package(tmp_path / "p", "b", {"x": f"-> {a}/x"})
    build(tmp_path, b, a)
    assert shown(tmp_path / "out", tmp_path / "p") == {"x": "-> a/x"}


@pytest.mark.parametrize(
    ("one", "two", "why"),
    [
        ({"bin/x": "!one"}, {"bin/x": "!two"}, "their contents differ"),
        ({"bin/x": "!one"}, {"bin/x": "one"}, "their permissions differ (0444 and 0555)"),
        ({"bin/x": "!one"}, {"bin/x/y": "one"}, "one is a folder, the other is not"),
        ({"bin/x/y": "one"}, {"bin/x": "one"}, "one is a folder, the other is not"),
        ({"bin/x": "-> nowhere"}, {"bin/x": "one"}, "one of them is a dangling symbolic link"),
    ],
)
def test_collisions(tmp_path: Path, one: dict[str, str], two: dict[str, str], why: str) -> None:
    a, b = package(tmp_path / "p", "a", one), package(tmp_path / "p", "b", two)
    with pytest.raises(CollisionError) as caught:
        build(tmp_path, a, b)
    assert caught.value.message == f"collision between '{b}/bin/x' and '{a}/bin/x': {why}"
    assert caught.value.hint == HINT
    (tmp_path / "lenient").mkdir()
    ctx = build(tmp_path / "lenient", a, b, ignoreCollisions=True)
    assert ctx.lines[0] == f"warning: collision between '{b}/bin/x' and '{a}/bin/x'; the latter stays"
    assert shown(tmp_path / "lenient/out", tmp_path / "p")["bin/x"] == "-> a/bin/x"


def test_equal_files_may_be_a_collision_too(tmp_path: Path) -> None:
    a, b = package(tmp_path / "p", "a", {"x": "x"}), package(tmp_path / "p", "b", {"x": "x"})
    with pytest.raises(CollisionError, match="they are equal, but checkCollisionContents is false"):
        build(tmp_path, a, b, checkCollisionContents=False)


@pytest.mark.parametrize(("first", "second", "winner"), [(5, 4, "b"), (4, 5, "a"), (5, 15, "a"), (5, -10, "b")])
def test_the_lower_priority_number_wins(tmp_path: Path, first: int, second: int, winner: str) -> None:
    a = package(tmp_path / "p", "a", {"bin/x": "!one", "bin/a": "!a"})
    b = package(tmp_path / "p", "b", {"bin/x": "!two", "bin/b": "!b"})
    build(tmp_path, (a, first), (b, second))
    found = shown(tmp_path / "out", tmp_path / "p")
    assert found == {"bin": "dir", "bin/x": f"-> {winner}/bin/x", "bin/a": "-> a/bin/a", "bin/b": "-> b/bin/b"}


def test_a_file_is_no_environment(tmp_path: Path) -> None:
    a = package(tmp_path / "p", "a", {"bin": "x"})
    with pytest.raises(NotATreeError, match="cannot be merged into an environment"):
        build(tmp_path, a + "/bin")
    (tmp_path / "two").mkdir()
    with pytest.raises(NotATreeError) as caught:
        build(tmp_path / "two", a, pathsToLink=["/bin"])
    assert caught.value.message == f"buildEnv: '{a}/bin' is a file and cannot become the folder '/bin'"
    (tmp_path / "three").mkdir()
    build(tmp_path / "three", a + "/bin", ignoreSingleFileOutputs=True)


def test_propagated_packages_come_last(tmp_path: Path) -> None:
    c = package(tmp_path / "p", "c", {"bin/x": "!c", "bin/c": "!c"})
    a = package(tmp_path / "p", "a", {"bin/x": "!a", "nix-support/propagated-user-env-packages": c + "\n"})
    ctx = build(tmp_path, a)
    assert shown(tmp_path / "out", tmp_path / "p") == {"bin": "dir", "bin/x": "-> a/bin/x", "bin/c": "-> c/bin/c"}
    assert ctx.lines == ["created 2 symlinks"]


def test_post_build_sees_the_result(tmp_path: Path) -> None:
    a = package(tmp_path / "p", "a", {"x": "x"})
    script = tmp_path / "run.sh"
    script.write_text('eval "$buildCommand"')
    env = {"shell": "/bin/sh", "script": str(script), "PATH": "/bin:/usr/bin"}
    build(tmp_path, a, postBuild='rm "$out/x"; echo made > "$out/y"', **env)
    (tmp_path / "bytes").mkdir()
    build(tmp_path / "bytes", a, postBuild=to_str('echo "süß" > "$out/y"'.encode()), **env)
    assert (tmp_path / "bytes/out/y").read_text() == "süß\n"
    assert (tmp_path / "out/y").read_text() == "made\n"
    (tmp_path / "two").mkdir()
    with pytest.raises(ShellFailedError):
        build(tmp_path / "two", a, postBuild="exit 3", **env)


def test_must_reject(tmp_path: Path) -> None:
    with pytest.raises(MissingAttributeError):
        BuildEnv().build(context(tmp_path, "buildenv", {}))
