"""Derivations from start to valid objects, in a real store and a real sandbox."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from imagetools.formats.content_address import ContentAddress
from imagetools.formats.store_path import StorePath
from imagetools.kernel.errors import ImagetoolsError
from imagetools.kernel.hashes import Hash, digest
from imagetools.realise.events import BuildFailed, BuildFinished, BuildKept, BuildOutput, BuildStarted, LockWaiting, PlanReady
from imagetools.realise.failures import (
    BuilderFailedError,
    BuildsFailedError,
    FixedReferencesError,
    HashMismatchError,
    LogTooLongError,
    MissingInputError,
    MissingOutputError,
    OutputCycleError,
    OutputRejectedError,
    TimedOutError,
)
from imagetools.realise.inputs import NoShellError
from imagetools.realise.targets import Shell
from imagetools.sandbox.ports import CancelledError
from imagetools.store.disk import delete_tree
from imagetools.store.fs_nar import UnsupportedFileError, canonicalise, nar_hash
from imagetools.store.ports import BuiltOutput
from tests.unit.realise.world import World

ROOT = Path(__file__).resolve().parents[3]


def sha256(text: bytes) -> Hash:
    return digest("sha256", text)


def test_output_is_registered_canonical_with_references_and_deriver(world: World) -> None:
    source = world.store.add_text("source", b"a source\n")
    unused = world.store.add_text("unused", b"not referred to\n")
    drv = world.derivation(
        """
        mkdir -p $out/bin; umask 0
        cat $source > $out/bin/file; chmod 777 $out/bin/file
        echo $source > $out/refers; echo "me: $out" > $out/self; ln -s $source $out/link
        """,
        sources=[source, unused],
        env={"source": world.store.store_dir.join(source), "unused": world.store.store_dir.join(unused)},
    )
    world.realise(drv)
    info = world.store.query(world.output(drv))
    assert info is not None
    assert info.references == tuple(sorted([source, world.output(drv)]))
    assert info.deriver == drv
    assert info.content_address is None
    real = Path(world.real(drv))
    assert (real / "bin/file").read_text() == "a source\n"
    for path, mode in ((real, 0o555), (real / "bin", 0o555), (real / "bin/file", 0o555), (real / "self", 0o444)):
        state = path.lstat()
        assert (stat.S_IMODE(state.st_mode), state.st_mtime, state.st_uid) == (mode, 1, os.geteuid()), path
    assert world.leftovers() == []


def test_events_and_log(world: World) -> None:
    drv = world.derivation("echo one; echo two >&2; printf three; echo > $out")
    world.realise(drv)
    kinds = [type(event) for event in world.events]
    assert kinds == [PlanReady, BuildStarted, BuildOutput, BuildOutput, BuildOutput, BuildFinished]
    assert [event.line for event in world.events if isinstance(event, BuildOutput)] == ["one", "two", "three"]
    assert world.store.read_log(drv) == b"one\ntwo\nthree"
    world.events.clear()
    world.realise(drv)
    assert world.events == []


def test_environment(world: World) -> None:
    drv = world.derivation(
        "env > $out; pwd >> $out; cat $bigPath >> $out",
        env={"big": "contents\n", "passAsFile": "big", "http_proxy": "x", "impureEnvVars": "HOME", "TERM": "dumb"},
    )
    lines = world.text(drv).splitlines()
    assert "NIX_BUILD_CORES=3" in lines
    assert "HOME=/homeless-shelter" in lines
    assert "TERM=xterm-256color" in lines
    assert [line for line in lines if line.startswith("big")] == [lines[lines.index(next(x for x in lines if "bigPath" in x))]]
    assert lines[-2:] == ["/build", "contents"]


def test_several_outputs_may_refer_to_each_other(world: World) -> None:
    drv = world.derivation("mkdir $out $dev; echo $out > $dev/x", outputs=("dev", "out"))
    world.realise(drv)
    info = world.store.query(world.output(drv, "dev"))
    assert info is not None
    assert info.references == (world.output(drv),)


def test_outputs_in_a_circle_are_refused(world: World) -> None:
    drv = world.derivation("echo $dev > $out; echo $out > $dev", outputs=("dev", "out"))
    with pytest.raises(OutputCycleError, match=f"cycle detected in build of '{world.store.store_dir.join(drv)}'"):
        world.realise(drv)
    assert world.leftovers() == []


def test_a_valid_output_stays_when_another_is_missing(world: World) -> None:
    drv = world.derivation("echo rebuilt > $out; echo $out > $dev", outputs=("dev", "out"))
    Path(world.real(drv)).write_text("first\n")
    canonicalise(world.real(drv))
    value, size = nar_hash(world.real(drv))
    world.store.register_built([BuiltOutput(world.output(drv), value, size)])
    world.realise(drv)
    assert Path(world.real(drv)).read_text() == "first\n"
    assert Path(world.real(drv, "dev")).read_text() == world.path(drv) + "\n"


def test_chain_runs_in_order(world: World) -> None:
    first = world.derivation("echo first > $out", "first")
    second = world.derivation(
        "cat $first > $out; echo second >> $out", "second", needs={first: ["out"]}, env={"first": world.path(first)}
    )
    third = world.derivation(
        "cat $second > $out; test ! -e $first",
        "third",
        needs={second: ["out"]},
        env={"second": world.path(second), "first": world.path(first)},
    )
    assert world.text(third) == "first\nsecond\n"
    started = [event.drv for event in world.events if isinstance(event, BuildStarted)]
    assert started == [first, second, third]


def test_missing_output(world: World) -> None:
    drv = world.derivation("echo said; echo > $dev", outputs=("dev", "out"))
    with pytest.raises(MissingOutputError) as caught:
        world.realise(drv)
    path = world.store.store_dir.join(drv)
    assert caught.value.message.startswith(
        f"builder for '{path}' failed to produce output path for output 'out' at '{world.path(drv)}'"
    )
    assert not world.store.is_valid(world.output(drv, "dev"))
    assert world.leftovers() == []


def test_failed_build(world: World) -> None:
    drv = world.derivation("for n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $n; done; echo half > $out; exit 3")
    with pytest.raises(BuilderFailedError) as caught:
        world.realise(drv)
    path = world.store.store_dir.join(drv)
    tail = "".join(f"> line {n}\n" for n in range(3, 13))
    assert caught.value.message == (
        f"builder for '{path}' failed with exit code 3;\nlast 10 log lines:\n{tail}For full logs, run 'imagetools log {path}'."
    )
    assert caught.value.exit_code == 100
    assert isinstance(world.events[-1], BuildFailed)
    assert (world.store.read_log(drv) or b"").startswith(b"line 1\n")
    assert world.leftovers() == []


@pytest.mark.parametrize("make", ["mkfifo $out", "mkdir $out; mkfifo $out/x"])
def test_what_a_nar_cannot_hold_is_refused(world: World, make: str) -> None:
    drv = world.derivation(make)
    with pytest.raises(UnsupportedFileError):
        world.realise(drv)
    assert world.leftovers() == []


def test_loose_permissions_are_refused(world: World) -> None:
    drv = world.derivation("mkdir $out; chmod 777 $out")
    with pytest.raises(OutputRejectedError, match="suspicious ownership or permission on"):
        world.realise(drv)


def test_invalid_leftovers_are_replaced(world: World) -> None:
    drv = world.derivation("test ! -e $out; echo new > $out")
    Path(world.real(drv)).mkdir(mode=0o500)
    assert world.text(drv) == "new\n"


def test_leftovers_of_killed_processes_are_removed(world: World) -> None:
    drv = world.derivation("echo > $out")
    other = Path(world.store.real_path(world.derivation("true", "other")) + ".chroot")
    (other / "root").mkdir(parents=True)
    os.chmod(other / "root", 0o500)
    world.realise(drv)
    assert not other.exists()


# -- fixed outputs


def test_fixed_outputs(world: World) -> None:
    flat = world.derivation("printf text > $out", "flat", fixed=("flat", sha256(b"text")))
    tree = world.derivation(
        "mkdir $out; printf text > $out/file",
        "tree",
        fixed=("nar", Hash.parse("sha256-wAzPWmoVBAAWMVZRbCjBqBDqL5yyNyNhaMGMQLzxrMo=")),
    )
    world.realise(flat)
    info = world.store.query(world.output(flat))
    assert info is not None
    assert info.content_address == ContentAddress("flat", sha256(b"text"))
    with pytest.raises(HashMismatchError) as caught:
        world.realise(tree)
    right = world.derivation("echo never runs; exit 1", "tree", fixed=("nar", caught.value.got))
    assert world.store.is_valid(world.output(right)), "kept under the path that it does have (row 1.007)"
    world.events.clear()
    world.realise(right)
    assert world.events == []


def test_hash_mismatch(world: World) -> None:
    drv = world.derivation("printf text > $out", fixed=("flat", Hash.zero("sha256")))
    with pytest.raises(HashMismatchError) as caught:
        world.realise(drv)
    assert caught.value.message == (
        f"hash mismatch in fixed-output derivation '{world.store.store_dir.join(drv)}':\n"
        "  specified: sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
        f"     got:    {sha256(b'text').sri()}"
    )
    assert caught.value.exit_code == 102
    assert not world.store.is_valid(world.output(drv))
    assert world.leftovers() == []


@pytest.mark.parametrize("make", ["mkdir $out", "echo > $out; chmod 755 $out", "ln -s x $out"])
def test_flat_output_must_be_a_plain_file(world: World, make: str) -> None:
    drv = world.derivation(make, fixed=("flat", Hash.zero("sha256")))
    with pytest.raises(OutputRejectedError, match="should be a non-executable regular file since recursive hashing"):
        world.realise(drv)


@pytest.mark.parametrize("algo", ["md5", "sha1", "sha512"])
def test_other_algorithms(world: World, algo: str) -> None:
    drv = world.derivation("printf text > $out", fixed=("flat", digest(algo, b"text")))
    assert world.text(drv) == "text"


def test_a_fixed_output_may_not_refer_to_paths(world: World) -> None:
    source = world.store.add_text("source", b"a source\n")
    path = world.store.store_dir.join(source)
    drv = world.derivation(f"printf {path} > $out", sources=[source], fixed=("flat", sha256(path.encode())))
    with pytest.raises(FixedReferencesError, match="references 1 distinct paths"):
        world.realise(drv)


def test_impure_variables_only_for_fixed_outputs(world: World) -> None:
    world.settings = replace(world.settings, environment={"SECRET": "42"})
    env = {"impureEnvVars": "SECRET NOT_SET"}
    plain = world.derivation("echo ${SECRET-none} > $out", env=env)
    assert world.text(plain) == "none\n"
    text = b"42,,1\n"
    fixed = world.derivation("echo $SECRET,${NOT_SET-none},$NIX_OUTPUT_CHECKED > $out", env=env, fixed=("flat", sha256(text)))
    assert world.text(fixed) == text.decode()


# -- limits, graphs, shell


def test_limits(world: World) -> None:
    world.settings = replace(world.settings, timeout=0.2)
    with pytest.raises(TimedOutError, match=r"timed out after 0\.2 seconds") as caught:
        world.realise(world.derivation("sleep 1000"))
    assert caught.value.exit_code == 101
    world.settings = replace(world.settings, timeout=0, max_silent=0.2)
    with pytest.raises(TimedOutError, match="of silence"):
        world.realise(world.derivation("sleep 1000"))
    world.settings = replace(world.settings, max_silent=0, max_log=50)
    with pytest.raises(LogTooLongError, match="more than 50 bytes"):
        world.realise(world.derivation("while :; do echo 0123456789; done"))


def test_a_flood_stays_small(world: World) -> None:
    drv = world.derivation("head -c 30000000 /dev/zero | tr '\\0' x; echo; echo end; echo > $out")
    world.realise(drv)
    lines = [event.line for event in world.events if isinstance(event, BuildOutput)]
    assert lines[1:] == ["end"]
    assert len(lines[0]) < 20_000


def test_graph(world: World) -> None:
    a = world.store.add_text("a", b"a")
    b = world.store.add_text("b", world.store.store_dir.join(a).encode(), [a])
    join = world.store.store_dir.join
    drv = world.derivation("cat graph > $out", sources=[b], env={"exportReferencesGraph": f"graph {join(b)}"})
    entries = {a: f"{join(a)}\n\n0\n", b: f"{join(b)}\n\n1\n{join(a)}\n"}
    assert world.text(drv) == "".join(entries[path] for path in sorted(entries))
    stranger = world.derivation("cat graph > $out", env={"exportReferencesGraph": f"graph {join(b)}"})
    with pytest.raises(ImagetoolsError, match="not in the input closure of the derivation"):
        world.realise(stranger)
    outside = world.derivation("cat graph > $out", env={"exportReferencesGraph": "graph /etc"})
    with pytest.raises(ImagetoolsError, match="contains a non-store path '/etc'"):
        world.realise(outside)


def test_missing_source(world: World) -> None:
    source = world.store.add_text("source", b"x")
    drv = world.derivation("cat $source > $out", sources=[source])
    gone = StorePath(bytes(range(20)), "gone")
    text = (Path(world.store.real_path(drv)).read_bytes()).replace(source.base_name.encode(), gone.base_name.encode())
    other = world.store.add_text("y.drv", text)
    with pytest.raises(MissingInputError, match=r"gone' of '.*y\.drv' does not exist, and substitution is disabled"):
        world.realise(other)


def test_shell_is_one_more_input(world: World) -> None:
    shell = world.derivation("mkdir -p $out/bin; cp /bin/sh $out/bin/real; ln -s real $out/bin/busybox", "shell")
    drv = world.derivation("cat /proc/self/maps | grep -c nix/store/ || true; cmp /bin/sh /usr/bin/dash; echo > $out")
    world.realise(drv, shell=Shell(shell))
    started = [event.drv for event in world.events if isinstance(event, BuildStarted)]
    assert started == [shell, drv]
    info = world.store.query(world.output(drv))
    assert info is not None and info.references == ()
    with pytest.raises(NoShellError):
        world.realise(world.derivation("echo > $out", "z"), shell=Shell(shell, "bin/none"))


# -- many at once


def test_the_first_failure_stops_the_others(world: World) -> None:
    slow = world.derivation("sleep 1000", "slow")
    bad = world.derivation("exit 1", "bad")
    after = world.derivation("echo > $out", "after", needs={bad: ["out"], slow: ["out"]})
    start = time.monotonic()
    with pytest.raises(BuilderFailedError, match=r"bad\.drv"):
        world.realise(after)
    assert time.monotonic() - start < 100
    assert world.leftovers() == []


def test_keep_going_builds_what_it_can(world: World) -> None:
    world.settings = replace(world.settings, keep_going=True)
    bad = world.derivation("exit 1", "bad")
    good = world.derivation("echo good > $out", "good")
    needs_bad = world.derivation("echo > $out", "needs-bad", needs={bad: ["out"]})
    other = world.derivation("echo > $out", "other", needs={good: ["out"]})
    with pytest.raises(BuildsFailedError) as caught:
        world.realise(needs_bad, other)
    assert [type(error).__name__ for error in caught.value.failures] == ["BuilderFailedError", "DependencyFailedError"]
    assert (
        caught.value.failures[1].message
        == f"1 dependencies of derivation '{world.store.store_dir.join(needs_bad)}' failed to build"
    )
    assert world.store.is_valid(world.output(other))
    assert caught.value.exit_code == 100


def test_keep_failed_keeps_the_folder(world: World, tmp_path: Path) -> None:
    world.settings = replace(world.settings, keep_failed=True, keep_folder=str(tmp_path))
    with pytest.raises(BuilderFailedError):
        world.realise(world.derivation("echo text > file; exit 1"))
    (kept,) = [event for event in world.events if isinstance(event, BuildKept)]
    assert (Path(kept.folder) / "file").read_text() == "text\n"
    assert (Path(kept.folder) / "file").stat().st_uid == os.geteuid()


def test_two_processes_build_once(world: World) -> None:
    drv = world.derivation("echo running; sleep 0.5; echo > $out")
    argv = [sys.executable, "-m", "tests.unit.realise.world", world.store.layout.root, world.store.store_dir.join(drv)]
    processes = [subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    counts = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert sorted(counts) == [0, 1]
    assert world.store.is_valid(world.output(drv))
    assert world.leftovers() == []


def test_waiting_for_a_lock_is_told_and_can_be_cancelled(world: World) -> None:
    drv = world.derivation("echo > $out")
    realiser = world.realiser()
    errors: list[BaseException] = []
    told = threading.Event()
    realiser._events = lambda event: told.set() if isinstance(event, LockWaiting) else None

    def build() -> None:
        try:
            from imagetools.realise.targets import Target

            realiser.realise([Target(drv)])
        except CancelledError as error:
            errors.append(error)

    with world.store.lock([world.output(drv)]):
        thread = threading.Thread(target=build)
        thread.start()
        assert told.wait(10)
        realiser.cancel()
        thread.join(10)
    assert len(errors) == 1
    realiser.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_stopped_process_leaves_nothing(world: World, number: signal.Signals) -> None:
    drv = world.derivation("echo started; echo > $out; sleep 98770.5")
    script = (
        "import sys; from tests.unit.realise.world import *\n"
        "w = World(sys.argv[1]); w.events = type('L', (), {'append': lambda s, e: print(type(e).__name__, flush=True)})()\n"
        "try: w.realise(w.store.store_dir.parse(sys.argv[2]))\n"
        "finally: w.close()\n"
    )
    argv = [sys.executable, "-c", script, world.store.layout.root, world.store.store_dir.join(drv)]
    process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line == "BuildOutput\n":
            break
    process.send_signal(number)
    process.wait(30)
    process.stdout.close()
    end = time.monotonic() + 10
    while subprocess.run(["pgrep", "-f", "sleep 98770.5"], capture_output=True, check=False).returncode == 0:
        assert time.monotonic() < end
        time.sleep(0.02)
    if number == signal.SIGKILL:
        world.realise(world.derivation("echo > $out", "next"))
    assert [name for name in world.leftovers() if not name.endswith(".lock")] == []
    assert not world.store.is_valid(world.output(drv))


DEEP = "python3 -c \"import os; [(os.mkdir('d' * 99), os.chdir('d' * 99)) for _ in range(60)]\""


@pytest.mark.parametrize("keep", [False, True])
def test_folders_too_deep_for_a_path_leave_nothing_behind(world: World, tmp_path: Path, keep: bool) -> None:
    world.settings = replace(world.settings, keep_failed=keep, keep_folder=str(tmp_path))
    with pytest.raises(BuilderFailedError):
        world.realise(world.derivation(f"{DEEP}; mkdir $out; cd $out; {DEEP}; exit 3"))
    assert world.leftovers() == []
    with pytest.raises(ImagetoolsError, match="File name too long") as caught:
        world.realise(world.derivation(f"mkdir $out; cd $out; {DEEP}"))
    assert len(caught.value.message) < 1000
    assert world.leftovers() == []
    for kept in tmp_path.iterdir():
        assert kept.lstat().st_uid == os.geteuid()
        delete_tree(kept)
