"""A valid derivation built a second time and compared."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from imagetools.formats.store_path import StorePath
from imagetools.kernel.hashes import digest
from imagetools.realise.events import BuildKept, BuildStarted
from imagetools.realise.failures import (
    HashMismatchError,
    NotDeterministicError,
    NothingToCheckError,
    ValidOutputInTheWayError,
)
from imagetools.realise.scheduler import Realiser
from imagetools.realise.targets import Target
from imagetools.sandbox.none import NoSandbox
from tests.unit.realise.world import World

SAME = "echo same > $out; mkdir $dev; echo $out > $dev/x"
RANDOM = "head -c 8 /dev/urandom > $out; touch here"


def check(world: World, *drvs: StorePath) -> None:
    realiser = world.realiser()
    try:
        realiser.realise([Target(drv) for drv in drvs], check=True)
    finally:
        realiser.close()


def test_the_same_again(world: World) -> None:
    drv = world.derivation(SAME, outputs=("dev", "out"))
    world.realise(drv)
    before = [os.lstat(world.real(drv, name)).st_ino for name in ("dev", "out")]
    world.events.clear()
    check(world, drv)
    assert [event for event in world.events if isinstance(event, BuildStarted)] == [BuildStarted(drv, True)]
    assert [os.lstat(world.real(drv, name)).st_ino for name in ("dev", "out")] == before
    assert world.leftovers() == []


def test_something_else(world: World) -> None:
    drv = world.derivation(RANDOM)
    world.realise(drv)
    text = Path(world.real(drv)).read_bytes()
    with pytest.raises(NotDeterministicError) as caught:
        check(world, drv)
    assert caught.value.message == (
        f"derivation '{world.store.store_dir.join(drv)}' may not be deterministic: output '{world.real(drv)}' differs"
    )
    assert caught.value.exit_code == 104
    assert Path(world.real(drv)).read_bytes() == text
    assert world.leftovers() == []


def test_something_else_kept(world: World, tmp_path: Path) -> None:
    world.settings = replace(world.settings, keep_failed=True, keep_folder=str(tmp_path))
    drv = world.derivation(RANDOM)
    world.realise(drv)
    for _ in range(2):
        with pytest.raises(NotDeterministicError, match=f"differs from '{world.real(drv)}.check'$"):
            check(world, drv)
    assert len(Path(world.real(drv) + ".check").read_bytes()) == 8
    assert os.lstat(world.real(drv) + ".check").st_uid == os.geteuid()
    (kept, _) = [Path(event.folder) for event in world.events if isinstance(event, BuildKept)]
    assert (kept / "here").lstat().st_uid == os.geteuid()


def test_only_the_targets_are_built_again(world: World) -> None:
    first = world.derivation("echo > $out", "first")
    second = world.derivation("cat $first > $out", "second", needs={first: ["out"]}, env={"first": world.path(first)})
    world.realise(second)
    world.events.clear()
    check(world, second)
    assert [event.drv for event in world.events if isinstance(event, BuildStarted)] == [second]
    world.events.clear()
    check(world, first, second)
    assert [event.drv for event in world.events if isinstance(event, BuildStarted)] == [first, second]


def test_what_was_never_built(world: World) -> None:
    drv = world.derivation("echo > $out")
    with pytest.raises(NothingToCheckError, match="are not valid, so checking is not possible"):
        check(world, drv)


def test_a_fixed_output(world: World) -> None:
    good = digest("sha256", b"good\n")
    same = world.derivation("echo good > $out", fixed=("flat", good))
    world.realise(same)
    check(world, same)
    bad = world.derivation("echo bad > $out", fixed=("flat", good))
    with pytest.raises(HashMismatchError) as caught:
        check(world, bad)
    assert caught.value.path is None
    assert world.leftovers() == []


def test_not_without_a_sandbox(world: World) -> None:
    drv = world.derivation("echo > $out")
    world.realise(drv)
    realiser = Realiser(world.store, NoSandbox(), settings=world.settings)
    with pytest.raises(ValidOutputInTheWayError, match="is valid and would be overwritten"):
        realiser.realise([Target(drv)], check=True)
