"""The script of streamLayeredImage, run as a person would: by itself, in a store that lies anywhere (rows 2.041, 2.042)."""

import hashlib
import io
import os
import pty
import signal
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from imagetools.formats.references import ReferenceScanner

from .build import build, stream
from .fakes import FakeStore

LARGE = bytes(range(256)) * 5000


@pytest.fixture
def store(tmp_path: Path) -> FakeStore:
    made = FakeStore(tmp_path / "a store")
    libc = made.add("libc", {"lib": {"libc.so": LARGE, "empty": b"", "n" * 120: b"name", "e\xe9": b"no UTF-8"}})
    made.add("hello", {"bin": {"hello": b"#!elf", "hi": "hello"}, "share": {"x" * 90: {"y" * 90: b"deep"}}}, [libc])
    return made


def run(script: Path | str, *words: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[bytes]":
    """The script by its own first line."""
    environment = {"PATH": f"{os.path.dirname(sys.executable)}:/usr/bin:/bin"}
    return subprocess.run([str(script), *words], capture_output=True, check=False, env=environment, cwd=cwd)


def sentence(script: Path, reason: str) -> bytes:
    return f"{script}: error: {reason}\n".encode()


COMMANDS = "mkdir -m 1777 tmp; head -c 300000 /dev/zero > zeros; echo hi > hi"


@pytest.mark.parametrize("attributes", [{}, {"maxLayers": 2}, {"extraCommands": COMMANDS}, {"includeStorePaths": ""}])
def test_the_bytes_are_those_of_the_built_image(store: FakeStore, tmp_path: Path, attributes: dict[str, object]) -> None:
    built = build(store, tmp_path / "out", "layered", contents=[store.logical("hello")], **attributes)
    script = stream(store, tmp_path, contents=[store.logical("hello")], **attributes)
    done = run(script)
    assert done.stdout == built.archive
    assert done.returncode == 0
    lines = done.stderr.decode().splitlines()
    assert lines == built.log[built.log.index("Running extraCommands...") + 1 if "extraCommands" in attributes else 0 :]


def test_it_goes_to_files_too(store: FakeStore, tmp_path: Path) -> None:
    archive = build(store, tmp_path / "out", "layered", contents=[store.logical("hello")]).archive
    script = stream(store, tmp_path, contents=[store.logical("hello")])
    for mode, before in (("wb", b""), ("ab", b"before")):  # the kernel copies no file into one that is appended to
        target = tmp_path / "target"
        target.write_bytes(before)
        with target.open(mode) as file:
            subprocess.run([sys.executable, "-I", script], stdout=file, stderr=subprocess.DEVNULL, check=True)
        assert target.read_bytes() == before + archive


def test_any_python_and_nothing_else(store: FakeStore, tmp_path: Path) -> None:
    """No site-packages, no environment, another working directory, through a link."""
    script = stream(store, tmp_path, contents=[store.logical("hello")])
    link = tmp_path / "result"
    link.symlink_to(script)
    done = subprocess.run([sys.executable, "-I", "-S", "result"], capture_output=True, check=True, env={}, cwd=tmp_path)
    assert done.stdout == run("./result", cwd=tmp_path).stdout
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
        assert tar.getnames()[-1] == "manifest.json"


def test_the_script_keeps_the_image_alive_and_does_not_hold_it(store: FakeStore, tmp_path: Path) -> None:
    names = ("hello", "libc", "stream-plan")
    for given in ({}, {"includeStorePaths": ""}):
        script = stream(store, tmp_path, contents=[store.logical("hello")], **given)
        scanner = ReferenceScanner([store.path_of(name).hash_part for name in names])
        scanner.update(script.read_bytes())
        wanted = names if not given else ("hello", "stream-plan")
        assert scanner.found == {store.path_of(name).hash_part for name in wanted}
    plan = store.root / store.path_of("stream-plan").base_name
    assert plan.stat().st_size < 4000
    assert script.stat().st_mode & 0o777 == 0o755


def test_the_plan_is_the_same_each_time(store: FakeStore, tmp_path: Path) -> None:
    """Where this changes on purpose: raise builderVersion in default.nix and BUILDER_VERSION in request.py."""
    stream(store, tmp_path, contents=[store.logical("hello")])
    plan = store.root / store.path_of("stream-plan").base_name
    assert hashlib.sha256(plan.read_bytes()).hexdigest() == "5f9038be1c1a153a3d351150e3ace35244fa10308e1a3e30b902cc0ab349b304"


def test_a_terminal_gets_a_sentence(store: FakeStore, tmp_path: Path) -> None:
    script = stream(store, tmp_path)
    master, slave = pty.openpty()
    done = subprocess.run([sys.executable, script], stdout=slave, stderr=subprocess.PIPE, check=False)
    os.close(slave)
    os.close(master)
    assert done.returncode == 1
    assert done.stderr == sentence(script, f"an image is nothing for a terminal; write '{script} | docker load'")


def test_a_reader_that_leaves_early_hears_nothing(store: FakeStore, tmp_path: Path) -> None:
    script = stream(store, tmp_path, contents=[store.logical("hello")])
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == -signal.SIGPIPE
    assert b"rror" not in said


def test_nothing_is_written_where_something_is_missing(store: FakeStore, tmp_path: Path) -> None:
    script = stream(store, tmp_path, contents=[store.logical("hello")])
    (store.root / store.path_of("libc").base_name).rename(tmp_path / "gone")
    done = run(script)
    reason = f"the store path {store.logical('libc')} is gone from '{store.root}': build the image again"
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", sentence(script, reason))


def test_a_copy_of_the_script_says_where_it_belongs(store: FakeStore, tmp_path: Path) -> None:
    script = stream(store, tmp_path)
    copy = tmp_path / "copy"
    copy.write_bytes(script.read_bytes())
    copy.chmod(0o755)
    plan = store.path_of("stream-plan").base_name
    done = run(copy)
    reason = f"'{plan}' is not in '{tmp_path}': this script works where it was built; run it there, or through a link to it"
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", sentence(copy, reason))


@pytest.mark.parametrize("size", [3, 200_000])
def test_a_file_that_became_shorter(store: FakeStore, tmp_path: Path, size: int) -> None:
    script = stream(store, tmp_path, contents=[store.logical("hello")])
    shorter = store.root / store.path_of("libc").base_name / "lib/libc.so"
    shorter.chmod(0o644)
    shorter.write_bytes(LARGE[:size])
    done = run(script)
    assert done.returncode == 1
    assert done.stderr.endswith(sentence(script, f"'{shorter}' has not its {len(LARGE)} bytes any more"))


@pytest.mark.parametrize("damage", [slice(0, -20), slice(0, 100), slice(3, None)])
def test_a_damaged_plan(store: FakeStore, tmp_path: Path, damage: slice) -> None:
    script = stream(store, tmp_path, contents=[store.logical("hello")])
    plan = store.root / store.path_of("stream-plan").base_name
    plan.write_bytes(plan.read_bytes()[damage])
    done = run(script)
    assert done.returncode == 1
    assert done.stderr.endswith(sentence(script, f"'{store.logical('stream-plan')}' is damaged: build the image again"))


@pytest.mark.parametrize("contents", [[], ["hello"]])
def test_a_full_disk(store: FakeStore, tmp_path: Path, contents: Sequence[str]) -> None:
    script = stream(store, tmp_path, contents=[store.logical(name) for name in contents])
    with open("/dev/full", "wb") as full:
        done = subprocess.run([sys.executable, script], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith(sentence(script, "cannot write the image: No space left on device"))


def test_words_are_refused_and_help_is_given(store: FakeStore, tmp_path: Path) -> None:
    script = stream(store, tmp_path)
    usage = f"usage: {script} | docker load\nWrites the image test:1 to standard output.\n".encode()
    wrong, asked = run(script, "there"), run(script, "--help")
    assert (wrong.returncode, wrong.stdout, wrong.stderr) == (2, b"", usage)
    assert (asked.returncode, asked.stdout, asked.stderr) == (0, usage, b"")


def test_without_python_the_shell_says_so(store: FakeStore, tmp_path: Path) -> None:
    script = stream(store, tmp_path)
    done = subprocess.run(["/bin/sh", script], capture_output=True, check=False, env={"PATH": "/nowhere"})
    assert (done.returncode, done.stdout, done.stderr) == (127, b"", sentence(script, "python3 is not installed"))
