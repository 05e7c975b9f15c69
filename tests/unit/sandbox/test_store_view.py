"""The host as it is, and the store at its logical place: what a program sees, and what is passed on to it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.sandbox.store_view import (
    ExecuteError,
    InterpreterMissingError,
    NoFolderError,
    NoStoreViewError,
    StoreView,
)
from tests.unit.sandbox.cage import ROOT, as_other_user, base_for, need_namespaces, users

ENTER = (
    "import sys; from imagetools.sandbox.store_view import StoreView\n"
    "StoreView(sys.argv[1], sys.argv[2]).execute(sys.argv[3].encode(), [a.encode() for a in sys.argv[3:]])"
)
PLACES = ["/nix/store", "/imagetools-no-such-folder/store", "/usr/imagetools-no-such-folder/store"]


@pytest.fixture(scope="module", autouse=True)
def _namespaces() -> None:
    need_namespaces()


@pytest.fixture
def base() -> Iterator[str]:
    with base_for(None) as folder:
        yield folder


def view(
    user: int | None, store_dir: str, base: str, *argv: str, cwd: str | None = None, stdin: bytes = b"", before: str = ""
) -> "subprocess.CompletedProcess[str]":
    physical = Path(base, "data/objects")
    physical.mkdir(parents=True, exist_ok=True)
    (physical / "object").write_text("text of an object\n")
    for folder in (base, f"{base}/data", str(physical)):
        os.chmod(folder, 0o755)
    done = subprocess.run(
        [sys.executable, "-c", before + ENTER, store_dir, str(physical), *argv],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        check=False,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        env={**os.environ, "PYTHONPATH": str(ROOT), "MARK": "of the caller"},
    )
    return subprocess.CompletedProcess(argv, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize("store_dir", PLACES)
@pytest.mark.parametrize("user", users())
def test_the_store_is_at_its_logical_place_and_all_else_as_it_was(user: int | None, store_dir: str) -> None:
    expected = {entry for entry in os.listdir("/") if os.path.lexists(f"/{entry}")} | {store_dir.split("/")[1]}
    with base_for(user) as base:
        script = f"cat {store_dir}/object {base}/data/objects/object; id -u; id -g; pwd; echo $MARK; ls -A /; ls -A /usr"
        ran = view(user, store_dir, base, "/bin/sh", "-c", script, cwd="/usr/share")
    text, again, uid, gid, folder, mark, *entries = ran.stdout.splitlines()
    assert (text, again) == ("text of an object",) * 2
    assert (int(uid), int(gid)) == ((os.geteuid(), os.getegid()) if user is None else (user, user))
    assert (folder, mark) == ("/usr/share", "of the caller")
    assert set(entries) == expected | set(os.listdir("/usr")) | set(store_dir.split("/")[1:-1]) - {"usr"}
    assert not os.path.exists("/imagetools-no-such-folder")


@pytest.mark.parametrize("store_dir", PLACES)
@pytest.mark.parametrize("user", users())
def test_the_store_cannot_be_written(user: int | None, store_dir: str) -> None:
    with base_for(user) as base:
        ran = view(user, store_dir, base, "/bin/sh", "-c", f"echo x > {store_dir}/new")
        assert not Path(base, "data/objects/new").exists()
    assert ran.returncode
    assert "Read-only file system" in ran.stderr


@pytest.mark.parametrize("user", users())
def test_threads_that_are_about_to_end(user: int | None) -> None:
    before = "import threading, time; threading.Thread(target=time.sleep, args=(0.1,), daemon=True).start()\n"
    with base_for(user) as base:
        done = view(user, "/nix/store", base, "/bin/cat", "/nix/store/object", before=before)
    assert (done.stdout, done.stderr) == ("text of an object\n", "")


@pytest.mark.parametrize("user", users())
def test_a_symlink_a_socket_and_a_file_at_the_top_are_mirrored(user: int | None) -> None:
    links = [entry for entry in os.listdir("/") if os.path.islink(f"/{entry}")]
    with base_for(user) as base:
        ran = view(user, PLACES[1], base, "/bin/sh", "-c", "for x in /*; do test -L $x && echo ${x#/}; done; touch /dev/null")
    assert ran.stdout.split() == sorted(links)
    assert ran.stderr == ""


@pytest.mark.parametrize("user", users())
def test_the_host_can_be_written_where_the_caller_could(user: int | None) -> None:
    with base_for(user) as base:
        view(user, PLACES[1], base, "/bin/sh", "-c", f"echo x > {base}/written")
        assert Path(base, "written").read_text() == "x\n"
        assert Path(base, "written").stat().st_uid == (os.geteuid() if user is None else user)


def test_arguments_input_and_exit_code(base: str) -> None:
    ran = view(None, PLACES[0], base, "/bin/sh", "-c", 'cat; echo "$0|$1|$2"; exit 7', "zero", "a b", "", stdin=b"in\n")
    assert (ran.stdout, ran.returncode) == ("in\nzero|a b|\n", 7)


def test_a_signal_ends_it_as_it_would_end_the_program(base: str) -> None:
    assert view(None, PLACES[0], base, "/bin/sh", "-c", "kill -TERM $$").returncode == -15


def test_a_closed_pipe_is_no_longer_ignored(base: str) -> None:
    ran = view(None, PLACES[0], base, "/bin/sh", "-c", "grep SigIgn /proc/self/status")
    ignored = int(ran.stdout.split()[1], 16)
    assert not ignored & (1 << 12)


def test_no_namespaces_where_the_store_lies_at_its_place(base: str) -> None:
    physical = os.path.realpath(f"{base}") + "/data/objects"
    here = os.readlink("/proc/self/ns/mnt")
    assert view(None, physical, base, "/bin/readlink", "/proc/self/ns/mnt").stdout.strip() == here
    assert view(None, PLACES[0], base, "/bin/readlink", "/proc/self/ns/mnt").stdout.strip() != here
    assert not StoreView(physical, physical).needed


def test_a_working_folder_that_is_gone(base: str) -> None:
    before = "import os, tempfile; d = tempfile.mkdtemp(); os.chdir(d); os.rmdir(d)\n"
    ran = view(None, PLACES[0], base, "/bin/true", before=before)
    assert ran.stderr.splitlines()[-1].endswith(NoFolderError(".", 2).message)


def test_a_program_that_is_not_there_and_one_that_cannot_run(base: str) -> None:
    script = Path(base, "script")
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    missing = "cannot execute '{}': No such file or directory"
    assert missing.format(script) in view(None, PLACES[0], base, str(script)).stderr
    assert missing.format("/no/program") in view(None, PLACES[0], base, "/no/program").stderr
    assert "cannot execute '/usr': Permission denied" in view(None, PLACES[0], base, "/usr").stderr
    assert (InterpreterMissingError.exit_code, ExecuteError.exit_code) == (127, 126)


@as_other_user()
def test_a_host_that_forbids_namespaces_gets_one_clear_line(base: str) -> None:
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set -all --inh-caps -all "$@"'
    prefix = ["unshare", "--user", "--map-root-user", "sh", "-c", forbid, "sh"]
    done = subprocess.run(
        [*prefix, sys.executable, "-c", ENTER, "/nix/store", base, "/bin/true"],
        capture_output=True,
        text=True,
        check=False,
        user=65534,
        group=65534,
        extra_groups=[],
        cwd=ROOT,
    )
    last = [line for line in done.stderr.splitlines() if "NoStoreViewError:" in line]
    assert last[0].endswith("cannot show the store at '/nix/store' on this host: making namespaces: No space left on device")


def test_the_error_names_the_switches() -> None:
    error = NoStoreViewError("/nix/store", "making namespaces", 1)
    assert error.message == "cannot show the store at '/nix/store' on this host: making namespaces: Operation not permitted"
    assert "max_user_namespaces" in (error.hint or "")
    assert error.exit_code == 126
