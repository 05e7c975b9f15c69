"""runAsRoot, fakeRootCommands, enableFakechroot: what is laid out, what runs where, what becomes of it (rows 2.011, 2.032-2.034).

Root's rights are faked here; tests/unit/sandbox/test_rooted.py has the real ones, tests/oracle/test_image_commands.py both.
"""

import io
import os
import stat
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from imagetools.bundled.builders.docker_tools.commands import RootCommandsFailedError, wants_root
from imagetools.bundled.builders.docker_tools.rooted_tree import RootedTree
from imagetools.image.tags import BrokenImageError
from imagetools.image_io.base_image import BaseLayer
from imagetools.image_io.entries import BLOCK_DEVICE, CHARACTER, FIFO, HARDLINK, REGULAR, Entry, directory, symlink
from imagetools.image_io.stamp import Stamp
from imagetools.image_io.tar_header import END, header, padding
from tests.unit.image_io.archives import archive, image

from .build import Built, build, environment, stream
from .fakes import MADE, FakeRoot, FakeStore

ROOTS = Stamp(1717000000)
APPS = Stamp(1717000000, 999, 998, "app", "app")


def members(*entries: tuple[Entry, bytes] | Entry) -> bytes:
    """A layer of a base image."""
    parts = []
    for item in entries:
        entry, data = item if isinstance(item, tuple) else (item, b"")
        entry.size = len(data)
        parts += [header(entry, ROOTS), data, bytes(padding(len(data)))]
    return b"".join(parts) + END


def with_base(store: FakeStore, *layers: bytes) -> str:
    return store.add("base", archive(image(list(layers))))


LOWER = (
    directory(b"", 0o755),
    directory(b"bin", 0o755),
    (Entry(b"bin/su", REGULAR, 0o4755), b"su"),
    directory(b"data", 0o750),
    (Entry(b"data/one", REGULAR, 0o640, owner=APPS), b"1"),
    (Entry(b"data/two", REGULAR, 0o600, owner=APPS), b"22"),
    directory(b"etc", 0o755),
    (Entry(b"etc/passwd", REGULAR, 0o644), b"root:x:0:0::/root:/bin/sh\n"),
    (Entry(b"etc/first", REGULAR, 0o644), b"f"),
    Entry(b"etc/second", HARDLINK, 0o644, target=b"etc/first"),
    Entry(b"etc/null", CHARACTER, 0o666, device=(1, 3)),
    symlink(b"lib", b"usr/lib"),
)


def shown(layer: dict[str, tarfile.TarInfo]) -> dict[str, tuple[Any, ...]]:
    return {
        name: (chr(member.type[0]), oct(member.mode), member.uid, member.gid)
        for name, member in layer.items()
        if "nix" not in name
    }


def run_as_root(store: FakeStore, out: Path, commands: str, **more: Any) -> Built:
    return build(store, out, "single", contents=[store.logical("hello")], runAsRoot=commands, **more)


def test_the_layer_is_what_the_commands_leave(store: FakeStore, tmp_path: Path) -> None:
    commands = """
        pwd; mkdir -m 2750 data; echo 1 > data/file; ln data/file data/hard; ln -s file data/link; mkfifo data/pipe
        echo 999 998 data/file > .owners; echo 0 7 data/link >> .owners; echo 5 0 data >> .owners; rm etc/motd
    """
    built = run_as_root(store, tmp_path / "out", commands, extraCommands="echo extra > extra; ls")
    assert shown(built.layers[0]) == {
        ".": ("5", "0o775", 0, 0),
        "bin": ("5", "0o555", 0, 0),
        "bin/hello": ("0", "0o555", 0, 0),
        "data": ("5", "0o2750", 5, 0),
        "data/file": ("0", "0o644", 999, 998),
        "data/hard": ("1", "0o644", 999, 998),
        "data/link": ("2", "0o777", 0, 7),
        "data/pipe": ("6", "0o644", 0, 0),
        "etc": ("5", "0o555", 0, 0),
        "extra": ("0", "0o644", 0, 0),
        "tmp": ("5", "0o1777", 0, 0),
    }
    assert built.layers[0]["data/hard"].linkname == "data/file"
    assert {(member.uname, member.uid == 0) for member in built.layers[0].values()} == {("root", True), ("", False)}
    assert {member.mtime for member in built.layers[0].values()} == {1}
    assert any(name.endswith("-libc") for name in built.layers[0])
    start = built.log.index("Running runAsRoot...")
    assert built.log[start + 2 : start + 3] == ["Running extraCommands..."]


def test_where_they_run(store: FakeStore, tmp_path: Path) -> None:
    run_as_root(store, tmp_path / "out", "true", extraCommands="true")
    (first, first_at, first_inside, first_sees), (second, second_at, second_inside, second_sees) = MADE[-1].rights.seen
    assert (first_at, first_inside, second_inside) == ("/", True, False) and second_at.endswith("/layer")
    assert first_sees == ["bin", "dev", "etc", "nix", "proc", "tmp"] and second_sees == ["bin", "etc", "tmp"]
    assert first["PATH"].startswith("/usr/local/sbin:") and first["PATH"].endswith(":/sbin:/bin:/usr/bin:/bin")
    assert (first["HOME"], second["HOME"], "TMPDIR" in first) == ("/root", "/homeless-shelter", False)


@pytest.mark.parametrize("chroot", ["", "1"])
def test_fake_root_commands(store: FakeStore, tmp_path: Path, chroot: str) -> None:
    more = {"contents": [store.logical("hello")], "fakeRootCommands": "mkdir srv; echo 33 33 srv > .owners; ls"}
    built = build(store, tmp_path / "out", "layered", **more, enableFakechroot=chroot, extraCommands="touch extra")
    assert shown(built.layers[-1]) == {
        ".": ("5", "0o755", 0, 0),
        "bin": ("5", "0o755", 0, 0),
        "bin/hello": ("2", "0o777", 0, 0),
        "etc": ("5", "0o755", 0, 0),
        "etc/motd": ("2", "0o777", 0, 0),
        "extra": ("0", "0o644", 0, 0),
        "srv": ("5", "0o755", 33, 33),
    }
    assert [(at, inside) for _, at, inside, _ in MADE[-1].rights.seen][1:] == [
        ("/", True) if chroot else (str(tmp_path / "layer"), False)
    ]
    assert [line for line in built.log if line.startswith("Running")] == [
        "Running extraCommands...",
        "Running fakeRootCommands...",
    ]


def test_a_script_has_the_same_layer(store: FakeStore, tmp_path: Path) -> None:
    more = {"contents": [store.logical("hello")], "fakeRootCommands": "echo x > f; echo 33 44 f > .owners; chmod 4755 f"}
    built = build(store, tmp_path / "out", "layered", **more)
    made = stream(store, tmp_path, **more)
    written = subprocess.run([made], stdout=subprocess.PIPE, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(written)) as outer:
        last = outer.extractfile(built.manifest["Layers"][-1])
        assert last is not None and last.read() == built.tars[-1]


def test_over_a_base_only_changes_count(store: FakeStore, tmp_path: Path) -> None:
    base = with_base(store, members(*LOWER))
    commands = """
        cat etc/passwd; ls -l lib
        echo app:x:999:998::/: >> etc/passwd
        rm data/two; chmod 600 etc/first; mkdir new; touch new/file; touch data/new; rm data/new; chmod 755 data; chmod 750 data
    """
    built = run_as_root(store, tmp_path / "out", commands, fromImage=base)
    assert built.tars[0] == members(*LOWER)
    assert shown(built.layers[1]) == {
        ".": ("5", "0o775", 0, 0),
        "bin": ("5", "0o555", 0, 0),
        "bin/hello": ("0", "0o555", 0, 0),
        "data": ("5", "0o750", 0, 0),
        "data/.wh.two": ("0", "0o0", 0, 0),
        "etc": ("5", "0o555", 0, 0),
        "etc/first": ("0", "0o600", 0, 0),
        "etc/motd": ("0", "0o444", 0, 0),
        "etc/passwd": ("0", "0o644", 0, 0),
        "etc/second": ("1", "0o600", 0, 0),
        "new": ("5", "0o755", 0, 0),
        "new/file": ("0", "0o644", 0, 0),
        "tmp": ("5", "0o1777", 0, 0),
    }
    assert built.read(1, "etc/passwd").splitlines()[1] == b"app:x:999:998::/:"
    assert "Unpacking base image..." in built.log


def test_folders_that_are_emptied_or_become_something_else(store: FakeStore, tmp_path: Path) -> None:
    base = with_base(store, members(*LOWER))
    commands = "rm data/*; echo mine > data/mine; rm -r bin; echo > bin; rm lib; mkdir lib; rm -r etc"
    built = build(store, tmp_path / "out", "single", runAsRoot=commands, fromImage=base)
    assert shown(built.layers[1]) == {
        ".": ("5", "0o775", 0, 0),
        ".wh.etc": ("0", "0o0", 0, 0),
        "bin": ("0", "0o644", 0, 0),
        "data": ("5", "0o750", 0, 0),
        "data/.wh..wh..opq": ("0", "0o0", 0, 0),
        "data/mine": ("0", "0o644", 0, 0),
        "lib": ("5", "0o755", 0, 0),
        "tmp": ("5", "0o1777", 0, 0),
    }


def test_layers_of_a_base_are_laid_over_each_other(store: FakeStore, tmp_path: Path) -> None:
    upper = members(
        directory(b"data", 0o750),
        Entry(b"data/.wh.one", REGULAR, 0o644),
        directory(b"etc", 0o755),
        Entry(b"etc/.wh..wh..opq", REGULAR, 0),
        (Entry(b"etc/hosts", REGULAR, 0o644), b"h"),
        Entry(b".wh..wh.plnk", REGULAR, 0),
        Entry(b".wh.nothing", REGULAR, 0),
        directory(b"lib", 0o700),
        (Entry(b"lib/x", REGULAR, 0o644), b"x"),
        (Entry(b"bin", REGULAR, 0o755), b"a file now"),
        Entry(b"sda", BLOCK_DEVICE, 0o660, device=(8, 0)),
        Entry(b"pipe", FIFO, 0o600),
    )
    base = with_base(store, members(*LOWER), upper)
    commands = "find . -mindepth 1 -not -path './[ndpt]*/*' | sort; stat -c %a lib bin; find data -type f"
    built = build(store, tmp_path / "out", "single", runAsRoot=commands, fromImage=base)
    start = built.log.index("Running runAsRoot...") + 1
    seen = built.log[start : built.log.index("Packing layer...")]
    assert [line.removeprefix("./") for line in seen] == [
        *("bin", "data", "dev", "etc", "etc/hosts", "lib", "lib/x", "nix", "pipe", "proc", "sda", "tmp"),
        *("700", "755", "data/two"),
    ]
    assert set(shown(built.layers[2])) == {".", "tmp"}
    rights = MADE[-1].rights
    assert set(rights.owners.values()) == {(999, 998)} and set(rights.devices.values()) >= {(stat.S_IFBLK, (8, 0))}


class OneLayer:
    """As much of a BaseLayer as laying it out takes."""

    member = "layer.tar"

    def __init__(self, *entries: tuple[Entry, bytes] | Entry) -> None:
        self._data = members(*entries)

    def tar(self) -> Iterator[bytes]:
        yield self._data


def lay(place: Path, *layers: OneLayer) -> None:
    place.mkdir()
    tree = RootedTree(bytes(place), FakeRoot([]))
    for layer in layers:
        tree.lay_layer(cast(BaseLayer, layer))


def test_a_base_cannot_write_elsewhere(tmp_path: Path) -> None:
    """Names that go through a link of the base take the link's place."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").write_text("mine")
    leads_out = symlink(b"out", bytes(victim))
    theirs = (Entry(b"out/file", REGULAR, 0o644), b"theirs")
    lay(tmp_path / "one", OneLayer(leads_out, theirs))
    lay(tmp_path / "two", OneLayer(leads_out), OneLayer(theirs))
    lay(
        tmp_path / "gone",
        OneLayer(leads_out),
        OneLayer(Entry(b"out/.wh.file", REGULAR, 0), Entry(b"out/.wh..wh..opq", REGULAR, 0)),
    )
    lay(tmp_path / "file", OneLayer(symlink(b"out", bytes(victim / "file"))), OneLayer((Entry(b"out", REGULAR, 0o644), b"x")))
    assert (victim / "file").read_text() == "mine" and os.listdir(victim) == ["file"]
    assert [(tmp_path / name / "out/file").read_text() for name in ("one", "two")] == ["theirs"] * 2


@pytest.mark.parametrize(
    "entries",
    [
        (symlink(b"out", b"/etc"), Entry(b"mine", HARDLINK, 0o644, target=b"out/passwd")),
        (Entry(b"mine", HARDLINK, 0o644, target=b"nothing"),),
        (directory(b"d", 0o755), Entry(b"mine", HARDLINK, 0o644, target=b"d")),
    ],
    ids=["through a link", "to nothing", "to a folder"],
)
def test_hard_links_lead_to_what_the_image_has(tmp_path: Path, entries: tuple[Entry, ...]) -> None:
    with pytest.raises(BrokenImageError) as caught:
        lay(tmp_path / "root", OneLayer(*entries))
    assert caught.value.message.endswith("it has a hard link to a file that is not there")


@pytest.mark.parametrize("name", [b"../out", b"a/../../out", b"x" * 300])
def test_names_that_leave_the_image(tmp_path: Path, name: bytes) -> None:
    for entry in (Entry(name, REGULAR, 0o644), Entry(b"mine", HARDLINK, 0o644, target=name)):
        with pytest.raises(BrokenImageError):
            lay(tmp_path / str(entry.kind), OneLayer(entry))
    assert not (tmp_path / "out").exists()


def test_what_was_made_for_the_commands_goes_again(store: FakeStore, tmp_path: Path) -> None:
    built = build(store, tmp_path / "out", "single", runAsRoot="ls -d dev proc nix/store; touch dev/kept")
    assert set(built.layers[0]) == {".", "dev", "dev/kept", "tmp"}


def test_the_same_commands_give_the_same_bytes(store: FakeStore, tmp_path: Path) -> None:
    commands = "for n in 3 1 2; do echo $n > f$n; done; ln f1 g; ln f1 a; mkdir -p d/e; echo 1 2 d > .owners"
    base = with_base(store, members(*LOWER))
    first = run_as_root(store, tmp_path / "one", commands, fromImage=base)
    second = run_as_root(store, tmp_path / "two", commands, fromImage=base)
    assert first.archive == second.archive
    assert [first.layers[1][name].islnk() for name in ("a", "f1", "g")] == [False, True, True]


def test_sockets_are_left_out(store: FakeStore, tmp_path: Path) -> None:
    commands = "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"agent\")'"
    built = build(store, tmp_path / "out", "single", runAsRoot=commands)
    assert "agent" not in built.layers[0]
    assert "warning: /agent is a socket, which no image can hold; it is left out" in built.log


def test_commands_that_fail(store: FakeStore, tmp_path: Path) -> None:
    said = {
        ("runAsRoot", "exit 3"): "runAsRoot failed with exit code 3",
        ("fakeRootCommands", "false; true"): "fakeRootCommands failed with exit code 1",
    }
    for (name, commands), message in said.items():
        with pytest.raises(RootCommandsFailedError) as caught:
            build(store, tmp_path / "out", "single", **{name: commands})
        assert caught.value.message == message
        assert caught.value.hint == "the first command that fails ends them; the log above has what they said"
        (tmp_path / "layer").rename(tmp_path / f"layer of {name}")
    with pytest.raises(RootCommandsFailedError) as caught:
        build(
            store, tmp_path / "out", "single", runAsRoot="echo 'become user 33: there is one user here, root' > .refused; exit 1"
        )
    assert caught.value.hint == (
        "this build could not become user 33: there is one user here, root; that takes 65536 subordinate ids of whoever builds, "
        "in /etc/subuid and /etc/subgid (usermod --add-subuids, --add-subgids), and newuidmap (package uidmap)"
    )


def test_what_is_refused_and_did_not_matter_is_said(store: FakeStore, tmp_path: Path) -> None:
    built = build(store, tmp_path / "out", "single", runAsRoot="echo 'become user 33' > .refused")
    assert "warning: runAsRoot could not become user 33" in built.log


def test_arguments_of_a_virtual_machine(store: FakeStore, tmp_path: Path) -> None:
    built = build(store, tmp_path / "out", "single", runAsRoot="true", unneeded="diskSize buildVMMemorySize")
    assert "note: diskSize and buildVMMemorySize: not needed, as no virtual machine is used" in built.log


def test_who_wants_root() -> None:
    assert wants_root(environment("single", {"runAsRoot": "true"}))
    assert wants_root(environment("layered", {"fakeRootCommands": "true"}))
    assert not wants_root(environment("layered", {"extraCommands": "true", "fakeRootCommands": ""}))
    assert wants_root({}, '[{"fakeRootCommands": "true"}, {}]') and not wants_root({}, '[{"extraCommands": "true"}]')
