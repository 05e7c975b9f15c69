"""Building without a sandbox, in a store that lies at its own place: builders write their outputs where they stay."""

import os
from collections.abc import Iterator

import pytest

from imagetools.kernel.hashes import Hash, digest
from imagetools.realise.failures import BuilderFailedError, HashMismatchError
from imagetools.realise.scheduler import Realiser
from imagetools.realise.targets import Target
from imagetools.sandbox.none import NoSandbox
from imagetools.store.local import LocalStore
from tests.unit.realise.world import World
from tests.unit.sandbox.cage import base_for


class PlainWorld(World):
    """A world whose store lies at its logical place."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        place = os.path.join(os.path.realpath(root), "place")
        self.store = LocalStore(root, place, durable=False)
        self.store.layout.store = place
        self.store.layout.links = place + "/.links"

    def realise(self, *drvs: object, **_: object) -> None:
        realiser = Realiser(self.store, NoSandbox(), settings=self.settings)
        realiser.realise([Target(drv) for drv in drvs])  # type: ignore[arg-type]


@pytest.fixture
def world() -> Iterator[PlainWorld]:
    with base_for(None) as root:
        made = PlainWorld(root)
        yield made
        made.close()


def test_outputs_become_valid_where_they_are(world: PlainWorld) -> None:
    first = world.derivation("mkdir $out; echo one > $out/file; echo dev > $dev", outputs=("out", "dev"))
    second = world.derivation(f"cat {world.path(first)}/file > $out", "second", needs={first: ["out"]})
    assert world.text(second) == "one\n"
    assert world.path(first) == world.real(first)
    assert world.store.is_valid(world.output(first, "dev"))
    assert world.leftovers() == []


def test_what_a_failed_builder_leaves_is_not_in_the_way(world: PlainWorld) -> None:
    drv = world.derivation('mkdir $out; test -e "$flag"', env={"flag": world.store.layout.root + "/flag"})
    with pytest.raises(BuilderFailedError):
        world.realise(drv)
    open(world.store.layout.root + "/flag", "wb").close()
    world.realise(drv)
    assert world.store.is_valid(world.output(drv))


def test_fixed_outputs(world: PlainWorld) -> None:
    right = world.derivation("echo text > $out", "right", fixed=("flat", digest("sha256", b"text\n")))
    assert world.text(right) == "text\n"
    with pytest.raises(HashMismatchError):
        world.realise(world.derivation("echo text > $out", "wrong", fixed=("flat", Hash.zero("sha256"))))
