"""Which further ids a build gets, and how they are written."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from imagetools.sandbox import syscalls
from imagetools.sandbox.owners import take_back
from imagetools.sandbox.slots import FIRST_UID, Identity
from imagetools.sandbox.subordinate import Maps, granted, lines_for, map_text, own_maps, root_maps, write_maps

from .cage import ROOT, base_for, need_namespaces
from .rooted_cage import GRANT, Person, persons

OWN = Identity(1000, 100, spare=False)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("ann:100000:65536\n", ((1, 100000, 65535),)),
        ("bob:1:65536\nann:100000:65536\n", ((1, 100000, 65535),)),
        ("1000:100000:65535\n", ((1, 100000, 65535),)),
        ("ann:100000:60000\nann:300000:70000\n", ((1, 100000, 60000), (60001, 300000, 5535))),
        ("ann:100000:60000\n", ()),
        ("ann:100000:65534\n", ()),
        ("ann:x:65536\nann:1\n\n# ann:1:65536\n", ()),
        ("", ()),
    ],
)
def test_granted_ids(tmp_path: Path, text: str, lines: tuple[tuple[int, int, int], ...]) -> None:
    assert lines_for(text, ("ann", "1000")) == lines
    file = tmp_path / "subuid"
    file.write_text(text.replace("ann", str(os.getuid())))
    if "1000:" not in text:
        assert granted(str(file), os.getuid()) == lines


def test_no_file_grants_nothing(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    assert granted(missing, 0) == ()
    assert root_maps(OWN, missing, missing) == own_maps(OWN, 0, 0) == Maps(((0, 1000, 1),), ((0, 100, 1),))


@pytest.mark.skipif(os.geteuid() != 0, reason="for root")
def test_every_slot_of_root_has_ids_of_its_own() -> None:
    ranges = []
    for uid in (FIRST_UID, FIRST_UID + 1, FIRST_UID + 999):
        maps = root_maps(Identity(uid, uid, spare=True))
        assert maps.programs == () and maps.users == maps.groups and maps.users[0] == (0, uid, 1)
        if len(maps.users) == 1:
            pytest.skip("this root has too few ids")
        (_, first, count) = maps.users[1]
        ranges.append(range(first, first + count))
    assert all(len(one) == 65535 for one in ranges)
    assert ranges[0].stop <= ranges[1].start and ranges[1].stop <= ranges[2].start
    assert ranges[2].stop < 0x80000000 - 0x20000  # what systemd keeps for itself, and what is negative


def test_texts() -> None:
    assert map_text(((0, 30001, 1), (1, 100000, 65535))) == b"0 30001 1\n1 100000 65535\n"


@contextmanager
def in_new_namespace() -> Iterator[int]:
    """A process that has just made its user namespace."""
    script = (
        "import sys; from imagetools.sandbox import syscalls; syscalls.unshare(syscalls.CLONE_NEWUSER);"
        "print('there', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None and process.stdin is not None
        process.stdout.readline()
        yield process.pid
        process.stdin.close()


@pytest.mark.parametrize("helpers", [("/bin/false", "/bin/false"), ("/bin/false", "/bin/true"), ("/nowhere", "/nowhere")])
def test_without_the_help_of_newuidmap_there_is_one_id(helpers: tuple[str, str]) -> None:
    need_namespaces()
    own = own_maps(Identity(os.geteuid(), os.getegid(), spare=False), 0, 0)
    wanted = Maps(((0, os.geteuid(), 1), (1, 100000, 65535)), ((0, os.getegid(), 1), (1, 100000, 65535)), helpers)
    with in_new_namespace() as process:
        write_maps(process, (wanted, own))
        for name in ("uid_map", "gid_map"):
            (line,) = Path(f"/proc/{process}/{name}").read_text().splitlines()
            assert line.split() == ["0", str(os.geteuid() if name == "uid_map" else os.getegid()), "1"]


def test_maps_that_nothing_can_write() -> None:
    need_namespaces()
    with in_new_namespace() as process, pytest.raises(OSError, match=r".*"):
        write_maps(process, (Maps(((0, 1, 0),), ((0, 1, 0),)),))
    assert syscalls.CLONE_NEWUSER


@pytest.mark.skipif(os.geteuid() != 0, reason="for root")
def test_taking_back(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/file").write_text("x")
    (tmp_path / "a/link").symlink_to("/etc/passwd")
    outside = os.stat("/etc/passwd")
    for place in (tmp_path / "a", tmp_path / "a/b", tmp_path / "a/b/file", tmp_path / "a/link"):
        os.chown(place, 40000, 40001, follow_symlinks=False)
    os.chmod(tmp_path / "a/b", 0)
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        take_back(folder)
    finally:
        os.close(folder)
    for place in (tmp_path / "a", tmp_path / "a/b", tmp_path / "a/b/file", tmp_path / "a/link"):
        assert (os.lstat(place).st_uid, os.lstat(place).st_gid) == (0, 0)
    assert os.stat(tmp_path / "a/b").st_mode & 0o777 == 0o700
    assert os.stat("/etc/passwd") == outside


GRANTED = [param for param in persons() if param.id == "user-with-ids"]


@pytest.mark.parametrize("person", GRANTED)
def test_what_a_killed_build_left_is_taken_back(person: Person) -> None:
    need_namespaces()
    assert person.user is not None
    with base_for(person.user) as base:
        left, grants = Path(base, "left"), Path(base, "grants")
        grants.write_text(GRANT)
        (left / "of/somebody/deep").mkdir(parents=True)
        (left / "of/somebody/file").write_text("x")
        (left / "of/somebody/link").symlink_to("/etc/passwd")
        first = int(GRANT.split(":")[1])
        for place in (left, *left.rglob("*")):
            os.chown(place, first + 32, first + 43, follow_symlinks=False)
        os.chmod(left / "of/somebody", 0)
        os.chown(left, person.user, person.user)
        script = "import sys; from imagetools.sandbox.reclaim import reclaim; sys.exit(0 if reclaim(sys.argv[1]) else 5)"
        argv = [*person.command(str(grants)), sys.executable, "-c", script, str(left)]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert {os.lstat(place).st_uid for place in (left, *left.rglob("*"))} == {person.user}
        assert len(list(left.rglob("*"))) == 5 and os.stat("/etc/passwd").st_uid == 0
        without = [*Person(person.user, granted=False, several=False).command(""), *argv[argv.index(sys.executable) :]]
        assert subprocess.run(without, cwd=ROOT, capture_output=True, check=False).returncode == 5
