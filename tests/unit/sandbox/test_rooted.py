"""Commands as root of a folder, as root, as an ordinary user, and as one with further ids: the same owners in all three cases."""

import errno
import os
import textwrap

import pytest

from imagetools.sandbox.rooted import NotRootError, Rooted, RootSetupError, UnknownMachineError

from .cage import need_namespaces
from .rooted_cage import Person, has_program, persons, work

PERSONS = persons()


@pytest.fixture(scope="module", autouse=True)
def _namespaces() -> None:
    need_namespaces()


@pytest.mark.parametrize("person", PERSONS)
@pytest.mark.parametrize("inside", [True, False], ids=["inside", "beside"])
def test_owners(person: Person, inside: bool) -> None:
    script = """
        test $(id -u):$(id -g) = 0:0
        touch plain user both group link-target; mkdir -m 2775 folder
        chown 5 user; chown 33:44 both; chgrp 8 group; chown 7:7 folder; ln -s nowhere link; chown -h 9:9 link
        chown 3:4 link-target; ln -s link-target followed; chown 6 followed
        chown 0:0 both; chown 12 both; ln both hard
        test "$(stat -c %u:%g user group both folder link | tr '\\n' ' ')" = "5:0 0:8 12:0 7:7 9:9 "
        test "$(stat -L -c %u:%g followed)" = 6:4
        test $(find . -user 12 | wc -l) = 2
    """
    found = work(person, script, inside=inside)
    assert (found["status"], found["refused"], found["left"]) == (0, [], []), found["said"]
    assert {name: [uid, gid] for name, (_, uid, gid, *_) in found["files"].items()} == {
        "plain": [0, 0],
        "user": [5, 0],
        "both": [12, 0],
        "hard": [12, 0],
        "group": [0, 8],
        "folder": [7, 7],
        "link": [9, 9],
        "link-target": [6, 4],
        "followed": [0, 0],
    }
    assert found["files"]["folder"][0] == "drwxrwsr-x"


@pytest.mark.parametrize("person", PERSONS)
def test_bits_capabilities_and_devices(person: Person) -> None:
    script = """
        umask 027
        for name in setuid lost; do cp /usr/bin/true $name; chmod 6755 $name; done
        chown 5 setuid; chmod 4711 setuid
        chown 5 lost
        install -o 33 -g 44 -m 2750 /usr/bin/true installed
        mknod null c 1 3; test -c null; test "$(stat -c %t:%T null)" = 1:3
        mknod -m 660 disk b 259 1048575; chown 0:6 disk; mkfifo pipe
        mkdir sticky; chmod 1777 sticky
    """
    found = work(person, script)
    assert found["status"] == 0, found["said"]
    assert found["files"] == {
        "setuid": ["-rws--x--x", 5, 0],
        "lost": ["-rwxr-xr-x", 5, 0],
        "installed": ["-rwxr-s---", 33, 44],
        "null": ["crw-r-----", 0, 0, [1, 3]],
        "disk": ["brw-rw----", 0, 6, [259, 1048575]],
        "pipe": ["prw-r-----", 0, 0],
        "sticky": ["drwxrwxrwt", 0, 0],
    }


@pytest.mark.parametrize("person", PERSONS)
@pytest.mark.skipif(not has_program("setcap"), reason="needs setcap")
def test_capabilities(person: Person) -> None:
    script = """
        cp /usr/bin/true one; cp /usr/bin/true two; chown 5 one
        setcap cap_net_raw+ep one; setcap cap_net_raw+ep two; chown 6 two
        getcap one | grep -q cap_net_raw
    """
    found = work(person, script)
    assert found["status"] == 0, found["said"]
    raw = "0100000200200000000000000000000000000000"
    assert found["files"]["one"][1:] == [5, 0, raw] and found["files"]["two"][1:] == [6, 0]


@pytest.mark.parametrize("person", PERSONS)
def test_what_was_there_before(person: Person) -> None:
    script = "chmod 600 theirs; test -e zero; chown :5 far; cp theirs copy; mv theirs moved"
    found = work(person, script, give={"theirs": (33, 44), "far": (100000, 70000)}, devices={"zero": (1, 5)})
    assert found["status"] == 0, found["said"]
    assert found["files"] == {
        "moved": ["-rw-------", 33, 44],
        "copy": ["-rw-------", 0, 0],
        "far": ["-rwxr-xr-x", 100000, 5],
        "zero": ["crw-r-----", 0, 0, [1, 5]],
    }


@pytest.mark.parametrize("person", PERSONS)
def test_descriptors_without_names(person: Person) -> None:
    """A call may mean the file that a descriptor is of, a link too, with an empty name."""
    code = """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        os.symlink("nowhere", "link"); os.mkdir("folder"); os.close(os.open("folder/file", os.O_CREAT))
        for name, flags in (("link", 0x1000), ("folder", 0x1100), ("folder/file", 0x1100)):
            fd = os.open(name, os.O_PATH | os.O_NOFOLLOW)
            assert libc.fchownat(fd, b"", 5, 6, flags) == 0, os.strerror(ctypes.get_errno())
            assert os.fstat(fd).st_uid == 5
        folder = os.open("folder", os.O_RDONLY)
        os.fchown(folder, 7, -1)
        os.chown("file", -1, 8, dir_fd=folder)
        os.chdir("folder")
        assert os.stat("../folder/./file").st_gid == os.stat("/work/folder/file").st_gid == 8
        assert os.stat("file", dir_fd=folder).st_gid == 8
        assert os.lstat("../link").st_uid == 5 and os.stat("/proc/self/exe").st_uid != 5
        for wrong, error in (("missing", FileNotFoundError), ("file/below", NotADirectoryError), ("", FileNotFoundError)):
            try:
                os.chown(wrong, 1, 1)
            except error:
                continue
            raise AssertionError(wrong)
    """
    found = work(person, f"python3 -c '{textwrap.dedent(code)}'")
    assert found["status"] == 0, found["said"]
    assert {name: facts[1:] for name, facts in found["files"].items()} == {"link": [5, 6], "folder": [7, 6]}


@pytest.mark.parametrize("person", PERSONS)
def test_a_number_that_comes_again_means_another_file(person: Person) -> None:
    """File systems give the inode number of a file just removed to the next one."""
    script = """
        for n in 1 2 3 4 5 6 7 8; do
            touch old; chown 100000:33 old; mknod device c 1 3; rm old device; touch new$n
            mkdir d; chown 100000 d; rmdir d; mkdir f$n
            touch a; chown 100000 a; touch b; mv b a; mv a moved$n
        done
    """
    found = work(person, script)
    assert found["status"] == 0, found["said"]
    assert {(kind[0], uid, gid, *more) for kind, uid, gid, *more in found["files"].values()} == {("-", 0, 0), ("d", 0, 0)}


@pytest.mark.parametrize("person", PERSONS)
def test_large_ids(person: Person) -> None:
    found = work(person, "touch a b; chown 4000000000:70000 a; chown 70000:33 b; chown 34 b; chown 4000000000:1 a")
    assert found["status"] == 0, found["said"]
    assert [found["files"][name][1:] for name in "ab"] == [[4000000000, 1], [34, 33]]


@pytest.mark.parametrize("person", PERSONS)
def test_becoming_somebody(person: Person) -> None:
    found = work(person, "chmod 777 .; setpriv --reuid 33 --regid 34 --clear-groups touch theirs || touch refused")
    assert found["status"] == 0
    if person.several:
        assert found["files"] == {"theirs": ["-rw-r--r--", 33, 34]} and found["refused"] == []
    else:
        assert found["files"] == {"refused": ["-rw-r--r--", 0, 0]}
        assert found["refused"] == ["become user 33: there is one user here, root"]


@pytest.mark.parametrize("person", PERSONS)
def test_nothing_else_can_be_reached(person: Person) -> None:
    """Neither the inputs nor the host nor the build's own files; nothing outlives the commands, and there is no network."""
    script = """
        ! mount -o remount,rw,bind /usr 2> /dev/null; ! umount /usr 2> /dev/null; ! touch /usr/here 2> /dev/null
        ! touch /nix/store/here 2> /dev/null; ! mount -o remount,rw,bind /nix/store 2> /dev/null
        test ! -e /build; test ! -e /etc/passwd
        ! ls /proc/1/root/build 2> /dev/null
        for name in /proc/sys/kernel/core_pattern /proc/sysrq-trigger; do ! (echo x > $name) 2> /dev/null; done
        test "$(cat /proc/net/route | wc -l)" -le 1
        mkdir m; mount -t tmpfs none m; touch m/hidden
        (sleep 1000; touch later) &
    """
    found = work(person, script)
    assert found["status"] == 0, found["said"]
    assert list(found["files"]) == ["m"]


@pytest.mark.parametrize("person", PERSONS)
def test_what_is_beside_the_tree_cannot_be_changed(person: Person) -> None:
    script = """
        ! mount -o remount,rw,bind /usr 2> /dev/null; ! umount /usr 2> /dev/null; ! touch /usr/here 2> /dev/null
        ! mount -t tmpfs none /usr/share/missing 2> /dev/null; ! (echo x > /etc/passwd) 2> /dev/null
        mount -t tmpfs none /usr/share; touch /usr/share/hidden
    """
    found = work(person, script, inside=False)
    assert found["status"] == 0, found["said"]
    assert not os.path.exists("/usr/share/hidden") and not os.path.exists("/usr/here")


@pytest.mark.parametrize("person", PERSONS)
def test_how_commands_end(person: Person) -> None:
    assert work(person, "exit 7")["status"] == 7
    killed = work(person, "exec sh -c 'trap - TERM; kill -9 $$'")["status"]
    assert killed in {0, 1, -9, 137}  # process 1 of a namespace does not kill itself
    found = work(person, "echo to stdout; echo to stderr >&2")
    assert found["said"].split() == ["to", "stdout", "to", "stderr"]


@pytest.mark.parametrize("person", PERSONS)
@pytest.mark.skipif(not has_program("useradd"), reason="needs useradd")
def test_users_and_groups(person: Person) -> None:
    script = """
        mkdir -p /etc/pam.d; touch /etc/login.defs
        echo root:x:0:0::/root:/bin/sh > /etc/passwd; echo root:x:0: > /etc/group; echo 'root:!x:::::::' > /etc/shadow
        echo root:x:: > /etc/gshadow; chmod 640 /etc/shadow
        groupadd -g 500 app; useradd -u 400 -g app -d /work/home -m -k /nowhere app
        touch mine; chown app:app mine; cp -p /etc/passwd passwd
    """
    found = work(person, script)
    assert found["status"] == 0, found["said"]
    assert found["files"]["mine"][1:] == [400, 500] and found["files"]["home"][1:] == [400, 500]


def test_without_a_namespace_of_its_own() -> None:
    with pytest.raises(NotRootError) as caught:
        Rooted("/nix/store")
    assert caught.value.message == (
        "commands as root need the sandbox: without it there is no user namespace in which they could be root"
    )
    assert caught.value.hint == "leave out --no-sandbox"


def test_what_is_said_where_it_cannot_be() -> None:
    assert UnknownMachineError("pdp11").message == (
        "commands as root are not possible on pdp11: the numbers of its system calls are not known"
    )
    error = RootSetupError("listening to system calls", errno.ENOSYS)
    assert error.message == "cannot run commands as root: listening to system calls: Function not implemented"
    assert error.hint == "this needs Linux 5.8 or newer, user namespaces within user namespaces, and seccomp's user notification"
    assert RootSetupError("starting the commands", 0).message.endswith("starting the commands: the process ended early")
