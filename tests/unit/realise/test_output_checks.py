"""What outputs may refer to: nothing becomes valid that is not allowed."""

from pathlib import Path

import pytest

from imagetools.formats.store_path import StorePath
from imagetools.kernel.errors import ImagetoolsError
from imagetools.realise.failures import BadReferenceSpecifierError, ForbiddenReferencesError
from imagetools.store.fs_nar import canonicalise, nar_hash
from imagetools.store.ports import BuiltOutput
from tests.unit.realise.world import World


@pytest.fixture
def chain(world: World) -> tuple[StorePath, StorePath]:
    """``b`` refers to ``a``."""
    a = world.store.add_text("a", b"a")
    return a, world.store.add_text("b", world.store.store_dir.join(a).encode(), [a])


def build(world: World, chain: tuple[StorePath, StorePath], script: str, **env: str) -> StorePath:
    join = world.store.store_dir.join
    names = {"a": join(chain[0]), "b": join(chain[1])}
    env = {name: value.format(**names) for name, value in env.items()}
    drv = world.derivation(script, outputs=("dev", "out"), sources=chain, env={**names, **env})
    try:
        world.realise(drv)
    except ImagetoolsError:
        assert not world.store.valid_paths([world.output(drv), world.output(drv, "dev")])
        assert world.leftovers() == []
        raise
    return drv


GOOD = [
    ("echo $b > $out; echo > $dev", {"allowedReferences": "{b} {a}"}),
    ("echo $b > $out; echo > $dev", {"allowedRequisites": "{b} {a}"}),
    ("echo $out > $out; echo > $dev", {"allowedReferences": "out"}),
    ("echo $out > $out; echo > $dev", {"allowedRequisites": ""}),
    ("echo $dev > $out; echo > $dev", {"allowedReferences": "dev"}),
    ("echo $b > $out; echo > $dev", {"disallowedReferences": "{a}"}),
    ("echo $out > $out; echo > $dev", {"disallowedRequisites": "out dev"}),
    ("echo $out > $out; echo > $dev", {"disallowedReferences": "dev"}),
]
BAD = [
    ("echo $b > $out; echo > $dev", {"allowedReferences": "{a}"}, ["b"]),
    ("echo $b > $out; echo > $dev", {"allowedReferences": ""}, ["b"]),
    ("echo $b $a > $out; echo > $dev", {"allowedReferences": ""}, ["a", "b"]),
    ("echo $b > $out; echo > $dev", {"allowedRequisites": "{b}"}, ["a"]),
    ("echo $out > $out; echo > $dev", {"allowedReferences": ""}, ["out"]),
    ("echo $dev > $out; echo $a > $dev", {"allowedRequisites": "{a}"}, ["dev"]),
    ("echo $b > $out; echo > $dev", {"disallowedReferences": "{b}"}, ["b"]),
    ("echo $b > $out; echo > $dev", {"disallowedRequisites": "{a}"}, ["a"]),
    ("echo $dev > $out; echo > $dev", {"disallowedReferences": "dev"}, ["dev"]),
    ("echo $dev > $out; echo $b > $dev", {"disallowedRequisites": "{a}"}, ["a"]),
]


@pytest.mark.parametrize(("script", "env"), GOOD)
def test_allowed(world: World, chain: tuple[StorePath, StorePath], script: str, env: dict[str, str]) -> None:
    build(world, chain, script, **env)


@pytest.mark.parametrize(("script", "env", "bad"), BAD)
def test_forbidden(world: World, chain: tuple[StorePath, StorePath], script: str, env: dict[str, str], bad: list[str]) -> None:
    with pytest.raises(ForbiddenReferencesError) as caught:
        build(world, chain, script, **env)
    first, *lines = caught.value.message.splitlines()
    assert first == f"output '{caught.value.path}' is not allowed to refer to the following paths:"
    drv = world.store.store_dir.parse(caught.value.drv)
    paths = {"a": chain[0], "b": chain[1], "out": world.output(drv), "dev": world.output(drv, "dev")}
    assert lines == [f"  {world.store.store_dir.join(path)}" for path in sorted(paths[name] for name in bad)]
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("item", ["nothing", "/nix/store", "/etc/passwd", "{a}/sub"])
def test_an_item_that_is_nothing(world: World, chain: tuple[StorePath, StorePath], item: str) -> None:
    with pytest.raises(BadReferenceSpecifierError, match="derivation contains an illegal reference specifier"):
        build(world, chain, "echo > $out; echo > $dev", disallowedReferences=item)


def test_an_output_that_is_valid_already_has_a_name_too(world: World) -> None:
    drv = world.derivation("echo > $dev; echo $dev > $out", outputs=("dev", "out"), env={"allowedReferences": "dev"})
    Path(world.real(drv, "dev")).write_text("first\n")
    canonicalise(world.real(drv, "dev"))
    value, size = nar_hash(world.real(drv, "dev"))
    world.store.register_built([BuiltOutput(world.output(drv, "dev"), value, size)])
    world.realise(drv)
    info = world.store.query(world.output(drv))
    assert info is not None and info.references == (world.output(drv, "dev"),)
