"""What a fetcher keeps across failures: lent to the next build of the same derivation, gone with success."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from imagetools.formats.store_path import StorePath
from imagetools.kernel.hashes import digest
from imagetools.realise.builtin_request import FILE
from imagetools.realise.failures import BuilderFailedError, HashMismatchError
from imagetools.realise.kept import DAYS, KeptFolders
from imagetools.realise.scheduler import Realiser
from imagetools.realise.targets import Target
from imagetools.sandbox.namespaces import NamespaceSandbox
from imagetools.sandbox.none import NoSandbox
from imagetools.sandbox.ports import KEPT, BuildOutcome, BuildRequest, Sandbox
from tests.unit.realise.world import World
from tests.unit.sandbox.cage import HOST_BINDS, OTHER_USER, ROOT, as_other_user, base_for

BODY = b"whole\n"


class Pretend:
    """A builtin builder whose Python is never run."""

    name: ClassVar[str] = "pretend"
    needs_network: ClassVar[bool] = True
    host_binds: ClassVar[tuple[str, ...]] = ()

    def build(self, ctx: object) -> None:
        raise NotImplementedError


def pretending(request: BuildRequest) -> BuildRequest:
    """The script in the derivation's arguments instead of our process; ``kept`` and ``out`` as the process would have them."""
    seen = json.loads(request.files[FILE])
    env = {"PATH": "/usr/bin:/bin", "kept": seen["kept"], "out": seen["outputs"]["out"]}
    script = seen["env"]["script"]
    return replace(
        request, program="/bin/sh", argv=("sh", "-ec", script), env=env, files={}, binds=(*HOST_BINDS,), builtin=request.builtin
    )


class PretendingSandbox(NamespaceSandbox):
    def run(self, request: BuildRequest, on_output: Callable[[bytes], object]) -> BuildOutcome:
        return super().run(pretending(request), on_output)


class PretendingNoSandbox(NoSandbox):
    def run(self, request: BuildRequest, on_output: Callable[[bytes], object]) -> BuildOutcome:
        return super().run(pretending(request), on_output)


def fetch(world: World, script: str, name: str = "x") -> StorePath:
    """A fixed output with a builtin builder; the path of its .drv hangs on ``name`` alone."""
    return world.derivation("", name, fixed=("flat", digest("sha256", BODY)), env={"script": script}, builder="builtin:pretend")


def run(world: World, drv: StorePath, sandbox: Sandbox | None = None) -> None:
    realiser = Realiser(world.store, sandbox or PretendingSandbox(), settings=world.settings, builtins={Pretend.name: Pretend()})
    try:
        realiser.realise([Target(drv)])
    finally:
        realiser.close()


def place(world: World, drv: StorePath) -> Path:
    return Path(KeptFolders(world.store).place(drv))


TWICE = """
    if test -e $kept/part; then test "$(cat $kept/part)" = half; rm $kept/part; echo whole > $kept/x; mv $kept/x $out
    else echo half > $kept/part; ln -s /etc/passwd $kept/link; ln -s /etc $kept/etc; mkdir $kept/sub; chmod 000 $kept/sub; exit 7
    fi"""


@pytest.mark.parametrize("sandbox", [PretendingSandbox, PretendingNoSandbox])
def test_a_failed_build_leaves_it_to_the_next(world: World, sandbox: type[Sandbox]) -> None:
    drv = fetch(world, TWICE)
    before = (os.lstat("/etc/passwd"), os.lstat("/etc"))
    with pytest.raises(BuilderFailedError):
        run(world, drv, sandbox())
    kept = place(world, drv)
    assert sorted(os.listdir(kept)) == ["etc", "link", "part", "sub"]
    assert (kept / "part").read_text() == "half\n"
    for path in (kept, *kept.iterdir()):
        assert (path.lstat().st_uid, path.lstat().st_gid) == (os.geteuid(), os.getegid()), path
    assert kept.stat().st_mode & 0o777 == kept.parent.stat().st_mode & 0o777 == 0o700
    run(world, drv, sandbox())
    assert Path(world.real(drv)).read_bytes() == BODY
    assert not kept.exists()
    assert world.leftovers() == []
    after = (os.lstat("/etc/passwd"), os.lstat("/etc"))
    assert [(state.st_uid, state.st_mode) for state in before] == [(state.st_uid, state.st_mode) for state in after]


def test_another_derivation_does_not_see_it(world: World) -> None:
    first, second = fetch(world, TWICE, "first"), fetch(world, TWICE, "second")
    with pytest.raises(BuilderFailedError):
        run(world, first)
    with pytest.raises(BuilderFailedError):
        run(world, second)
    assert place(world, first).exists() and place(world, second).exists()


def test_nothing_is_kept_of_nothing_or_of_success(world: World) -> None:
    empty, wrong = fetch(world, "exit 1", "empty"), fetch(world, "echo more > $kept/more; echo other > $out", "wrong")
    with pytest.raises(BuilderFailedError):
        run(world, empty)
    with pytest.raises(HashMismatchError) as caught:
        run(world, wrong)
    assert not place(world, empty).exists() and not place(world, wrong).exists()
    path = caught.value.path
    assert path is not None and world.store.is_valid(path)
    assert Path(world.store.real_path(path)).read_bytes() == b"other\n"


@pytest.mark.parametrize("instead", ["ln -s /etc $kept", "echo > $kept", ":"])
def test_something_else_in_its_place_is_not_kept(world: World, instead: str) -> None:
    drv = fetch(world, f"rm -r $kept; {instead}; exit 1")
    with pytest.raises(BuilderFailedError):
        run(world, drv)
    assert not os.path.lexists(place(world, drv))
    assert world.leftovers() == []


def test_a_symlink_at_its_lasting_place_is_not_followed(world: World, tmp_path: Path) -> None:
    drv = fetch(world, "echo > $kept/x; exit 1")
    kept = place(world, drv)
    kept.parent.mkdir(parents=True)
    kept.symlink_to(tmp_path)
    with pytest.raises(BuilderFailedError):
        run(world, drv)
    assert list(tmp_path.iterdir()) == []
    assert not kept.is_symlink() and (kept / "x").exists()


def test_what_is_old_goes(world: World) -> None:
    old, new = fetch(world, "echo > $kept/x; exit 1", "old"), fetch(world, "echo > $kept/x; exit 1", "new")
    for drv in (old, new):
        with pytest.raises(BuilderFailedError):
            run(world, drv)
    then = time.time() - (DAYS + 1) * 86400
    os.utime(place(world, old), (then, then))
    KeptFolders(world.store).tidy()
    assert not place(world, old).exists()
    assert place(world, new).exists()


def killed(root: str, drv: str, user: int | None) -> None:
    """Realise in another process, which is killed with everything it has started once the builder has written something."""
    program = [sys.executable, "-m", "tests.unit.realise.test_kept", root, drv]
    who = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    process = subprocess.Popen(program, cwd=ROOT, stdout=subprocess.DEVNULL, process_group=0, **who)  # type: ignore[call-overload]
    scratch = Path(root) / f"nix/store/{drv}.chroot"
    while not list(scratch.rglob(f"{KEPT}/part")):
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert scratch.exists()


SLOW = "if test -e $kept/part; then echo whole > $out; else echo half > $kept/part; sleep 1000; fi"


def test_kill_9_leaves_it_to_the_next(world: World) -> None:
    drv = fetch(world, SLOW)
    killed(world.store.layout.root, drv.base_name, None)
    run(world, drv)
    assert Path(world.real(drv)).read_bytes() == BODY
    assert world.leftovers() == []


def test_kill_9_and_a_build_of_something_else(world: World) -> None:
    drv = fetch(world, SLOW)
    killed(world.store.layout.root, drv.base_name, None)
    world.realise(world.derivation("echo > $out", "other"))
    assert [name for name in world.leftovers() if not name.endswith(".lock")] == []
    assert (place(world, drv) / "part").stat().st_uid == os.geteuid()
    run(world, drv)
    assert not place(world, drv).exists()


@as_other_user()
def test_kill_9_of_an_ordinary_user() -> None:
    with base_for(OTHER_USER) as root:
        made = World(root)
        drv = fetch(made, SLOW)
        made.close()
        subprocess.run(["chown", "-R", f"{OTHER_USER}:{OTHER_USER}", root], check=True)
        killed(root, drv.base_name, OTHER_USER)
        command = [sys.executable, "-m", "tests.unit.realise.test_kept", root, drv.base_name]
        subprocess.run(command, cwd=ROOT, user=OTHER_USER, group=OTHER_USER, extra_groups=[], check=True)


def main(words: Sequence[str]) -> None:
    made = World(words[0])
    run(made, StorePath.parse(words[1]))
    made.close()


if __name__ == "__main__":
    main(sys.argv[1:])
