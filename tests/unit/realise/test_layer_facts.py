"""What a build of layers measured is kept for the next one, unless a program of the definition could have said it."""

import gzip
import os
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from imagetools.app.builtins import builtins
from imagetools.builtin.api import LEDGER, BuiltinBuilder, BuiltinContext
from imagetools.image_io.ledger import LayerFacts, LayerLedger
from imagetools.kernel.hashes import digest
from imagetools.realise.failures import NotDeterministicError
from imagetools.realise.layer_facts import FOLDER, LayerFactsOfStore
from imagetools.realise.targets import Target
from imagetools.store.local import LocalStore
from tests.unit.builders.build import DEFAULTS
from tests.unit.realise.world import World

FACTS = LayerFacts(digest("sha256", b"layer"), 1024)


class Layers:
    """A builder of layers."""

    name: ClassVar[str] = "layers"
    needs_network: ClassVar[bool] = False
    host_binds: ClassVar[tuple[str, ...]] = ()

    def build(self, ctx: BuiltinContext) -> None:
        raise AssertionError(ctx)

    def runs_commands(self, env: Mapping[str, str]) -> bool:
        return "commands" in env


class Other:
    """A builder of something else."""

    name: ClassVar[str] = "other"
    needs_network: ClassVar[bool] = False
    host_binds: ClassVar[tuple[str, ...]] = ()

    def build(self, ctx: BuiltinContext) -> None:
        raise AssertionError(ctx)


@pytest.mark.parametrize(
    ("builder", "env", "believed"),
    [
        (Layers(), {}, True),
        (Layers(), {"commands": "rm -r /"}, False),
        (Layers(), {"__json": '{"commands":"rm -r /"}'}, False),
        (Other(), {}, False),
    ],
)
def test_who_is_believed(tmp_path: Path, builder: BuiltinBuilder, env: dict[str, str], believed: bool) -> None:
    store = LocalStore(str(tmp_path / "root"))
    LayerLedger(str(tmp_path / "build" / LEDGER)).record("key", FACTS)
    facts = LayerFactsOfStore(store)
    facts.learn(builder, env, str(tmp_path / "build"))
    assert LayerLedger(facts.folder).find("key") == (FACTS if believed else None)
    assert facts.folder.endswith(FOLDER)
    assert [bind.read_only for bind in facts.binds(builder)] == ([True] if isinstance(builder, Layers) else [])


def test_a_build_that_left_nothing_or_nonsense(tmp_path: Path) -> None:
    facts = LayerFactsOfStore(LocalStore(str(tmp_path / "root")))
    facts.learn(Layers(), {}, str(tmp_path / "none"))
    place = tmp_path / "build" / LEDGER
    place.mkdir(parents=True)
    (place / ("0" * 64)).write_bytes(b"nonsense")
    (place / "folder").mkdir()
    os.symlink("/etc/passwd", place / ("1" * 64))
    facts.learn(Layers(), {}, str(tmp_path / "build"))
    assert list(LayerLedger(facts.folder).names()) == []


def test_the_next_build_finds_it(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"bytes")
    content = world.store.add_source(str(tmp_path / "file"), "content")

    def build(tag: str, *, check: bool = False) -> str:
        drv = world.derivation(
            "",
            f"image-{tag}",
            sources=(content,),
            env=DEFAULTS
            | {"layout": "layered", "config": f'{{"Cmd":["{world.store.store_dir.join(content)}"]}}', "imageTag": tag},
            builder="builtin:docker-image",
        )
        realiser = world.realiser(builtins=builtins())
        try:
            realiser.realise([Target(drv)], check=check)
        finally:
            realiser.close()
        return world.real(drv)

    build("one")
    ledger = LayerLedger(LayerFactsOfStore(world.store).folder)
    (name,) = ledger.names()
    facts = ledger.entry(name)
    assert facts is not None
    ledger.record_entry(name, LayerFacts(digest("sha256", b"a trace"), facts.size))
    found = digest("sha256", b"a trace").base16()
    assert found in _config(build("two"))
    assert list(ledger.names()) == [name]
    with pytest.raises(NotDeterministicError):  # who checks wants to see it measured again
        build("two", check=True)


def _config(archive: str) -> str:
    return gzip.decompress(Path(archive).read_bytes()).decode("latin-1")
