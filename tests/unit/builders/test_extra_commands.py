"""extraCommands in the last layer of an image (row 2.031)."""

import os
from pathlib import Path

import pytest

from imagetools.bundled.builders.docker_tools.made_tree import CommandsFailedError
from imagetools.image_io.entries import StrangeFileError

from .build import Built, build
from .fakes import FakeStore


def with_commands(store: FakeStore, out: Path, layout: str, commands: str) -> Built:
    return build(store, out, layout, contents=[store.logical("hello")], extraCommands=commands)


@pytest.mark.parametrize("layout", ["single", "layered"])
def test_the_layer_is_the_current_folder(store: FakeStore, tmp_path: Path, layout: str) -> None:
    commands = "echo new > etc/new; mkdir -m 1777 tmp; echo ü > ü; ln -s new etc/link; rm etc/motd; ls -A; chmod 700 etc"
    built = with_commands(store, tmp_path / "out", layout, commands.encode().decode("latin-1"))
    top = built.layers[-1]
    names = [".", "bin", "bin/hello", "etc", "etc/link", "etc/new", "tmp", "ü"]
    assert [name for name in top if not name.startswith("nix")] == names
    assert built.read(-1, "etc/new") == b"new\n"
    assert built.read(-1, "ü") == "ü\n".encode()
    assert top["etc/link"].linkname == "new"
    assert (top["tmp"].mode, top["etc"].mode, top["etc/new"].mode) == (0o1777, 0o700, 0o644)
    assert {(m.uid, m.gid, m.uname, m.mtime) for m in top.values()} == {(0, 0, "root", 1)}
    log = built.log.index("Running extraCommands...")
    assert built.log[log + 1 : log + 5] == ["bin", "etc", "tmp", "ü"]


def test_what_is_left_alone_is_as_without_commands(store: FakeStore, tmp_path: Path) -> None:
    for layout in ("single", "layered"):
        plain = build(store, tmp_path / "plain", layout, contents=[store.logical("hello")])
        touched = with_commands(store, tmp_path / "out", layout, "touch bin/x; rm bin/x; mkdir -p etc/y; rmdir etc/y")
        assert touched.tars == plain.tars


@pytest.mark.parametrize("layout", ["single", "layered"])
def test_what_the_commands_refer_to_comes_along_but_not_their_shell(store: FakeStore, tmp_path: Path, layout: str) -> None:
    commands = f"ln -s {store.logical('lonely')} link; echo {store.logical('unknown')} > text"
    built = with_commands(store, tmp_path / "out", layout, commands)
    names = {name for layer in built.layers for name in layer}
    assert {name.rpartition("-")[2] for name in names if name.startswith("nix/store/") and name.count("/") == 2} == (
        {"libc", "lonely"} if layout == "single" else {"libc", "hello", "lonely"}
    )


def test_a_path_that_is_only_named_stays_out(store: FakeStore, tmp_path: Path) -> None:
    built = with_commands(store, tmp_path / "out", "layered", f"test -n {store.logical('lonely')}")
    assert not [name for layer in built.layers for name in layer if name.endswith("lonely")]


def test_only_the_last_layer_changes(store: FakeStore, tmp_path: Path) -> None:
    one = with_commands(store, tmp_path / "one", "layered", "echo 1 > number")
    two = with_commands(store, tmp_path / "two", "layered", "echo 2 > number")
    assert one.tars[:-1] == two.tars[:-1]
    assert one.manifest["Layers"][:-1] == two.manifest["Layers"][:-1]
    assert one.tars[-1] != two.tars[-1]
    assert one.manifest["Layers"][-1] != two.manifest["Layers"][-1]


def test_neither_times_nor_umask_of_the_build_matter(store: FakeStore, tmp_path: Path) -> None:
    commands = "echo x > x; mkdir -p a/b; echo x > a/b/c; ln x hard"
    one = with_commands(store, tmp_path / "one", "single", commands)
    before = os.umask(0o077)
    try:
        two = with_commands(store, tmp_path / "two", "single", commands)
    finally:
        os.umask(before)
    assert one.archive == two.archive
    assert one.layers[0]["hard"].isreg()


def test_what_nobody_may_read_is_packed(store: FakeStore, tmp_path: Path) -> None:
    built = with_commands(store, tmp_path / "out", "single", "mkdir d; echo x > d/secret; chmod 0 d/secret d")
    top = built.layers[0]
    assert (top["d"].mode, top["d/secret"].mode) == (0, 0)
    assert built.read(0, "d/secret") == b"x\n"


def test_commands_that_fail(store: FakeStore, tmp_path: Path) -> None:
    ends = {
        "false; true": "failed with exit code 1",
        "exit 3": "failed with exit code 3",
        "(exit 4) | true": "failed with exit code 4",
        "x=$(false; true)": "failed with exit code 1",
        "kill -9 $$": "were killed by signal 9",
    }
    for commands, end in ends.items():
        with pytest.raises(CommandsFailedError) as caught:
            with_commands(store, tmp_path / "out", "layered", commands)
        assert str(caught.value) == f"extraCommands {end}"
        (tmp_path / "layer").rename(tmp_path / f"layer of {commands}")


def test_a_pipe_cannot_be_packed(store: FakeStore, tmp_path: Path) -> None:
    with pytest.raises(StrangeFileError) as caught:
        with_commands(store, tmp_path / "out", "layered", "mkdir a; mkfifo a/pipe")
    assert str(caught.value) == "'/a/pipe' is neither a file, a folder nor a symbolic link, so it cannot go into an image"
