"""Structured attributes in real builds: files, graphs, and what a builtin builder's process is told."""

import json
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from imagetools.formats.addressing import placeholder
from imagetools.formats.closure import Closure
from imagetools.formats.drv_options import DerivationOptionsError
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StorePath
from imagetools.kernel.bytestr import from_unicode
from imagetools.kernel.hashes import Hash
from imagetools.realise.builtin_request import ATTRIBUTES, FILE
from imagetools.realise.events import Warned
from imagetools.realise.scheduler import Realiser
from imagetools.realise.structured import closure_sizes
from imagetools.realise.targets import Target
from imagetools.sandbox.namespaces import NamespaceSandbox
from imagetools.sandbox.ports import BuildOutcome, BuildRequest
from tests.unit.realise.world import World


def structured(**attributes: Any) -> dict[str, str]:
    return {"__json": from_unicode(json.dumps(attributes, ensure_ascii=False))}


COPY = f"export PATH=/usr/bin:/bin; cat .attrs.json > {placeholder('out')}"


def test_files(world: World) -> None:
    source = world.store.add_text("a", b"text")
    path = world.store.store_dir.join(source)
    drv = world.derivation(COPY, sources=[source], env=structured(a=["é", 1], exportReferencesGraph={"g": [path + "/x", path]}))
    found = json.loads(world.text(drv))
    info = world.store.query(source)
    assert info is not None
    assert found == {
        "a": ["é", 1],
        "exportReferencesGraph": {"g": [path + "/x", path]},
        "g": [
            {
                "ca": str(info.content_address),
                "closureSize": info.nar_size,
                "narHash": info.nar_hash.nix(),
                "narSize": info.nar_size,
                "path": path,
                "references": [],
            }
        ],
        "outputs": {"out": world.path(drv)},
    }


def test_discarded_references(world: World) -> None:
    source = world.store.add_text("a", b"text")
    path = world.store.store_dir.join(source)
    drv = world.derivation(
        f"echo {path} > {placeholder('out')}", sources=[source], env=structured(unsafeDiscardReferences={"out": True})
    )
    world.realise(drv)
    info = world.store.query(world.output(drv))
    assert info is not None and info.references == ()


def test_what_has_no_effect_is_said(world: World) -> None:
    world.realise(world.derivation(COPY, env=structured(allowedReferences=[])))
    assert [event.message for event in world.events if isinstance(event, Warned)] == [
        "'structuredAttrs' disables the effect of the top-level attribute 'allowedReferences'; use 'outputChecks' instead"
    ]


def test_a_graph_cannot_be_called_outputs(world: World) -> None:
    source = world.store.add_text("a", b"text")
    graph = {"outputs": [world.store.store_dir.join(source)]}
    with pytest.raises(DerivationOptionsError, match="cannot be called 'outputs'"):
        world.realise(world.derivation(COPY, sources=[source], env=structured(exportReferencesGraph=graph)))


class Looks(NamespaceSandbox):
    """Keeps what the process would read, and copies a file instead."""

    def run(self, request: BuildRequest, on_output: Any) -> BuildOutcome:
        self.request = json.loads(request.files[FILE])
        self.attributes = json.loads(request.files[ATTRIBUTES].decode("latin-1"))
        return super().run(replace(request, argv=("python3", "-c", "raise SystemExit(1)")), on_output)


def test_a_builtin_builder_has_both(world: World) -> None:
    class Builder:
        name: ClassVar[str] = "x"
        needs_network: ClassVar[bool] = False
        host_binds: ClassVar[tuple[str, ...]] = ()

        def build(self, ctx: object) -> None:
            raise NotImplementedError

    attributes = {"url": "é", "list": ["a", "b"], "yes": True, "deep": {"a": placeholder("out")}}
    drv = world.derivation("", builder="builtin:x", env=structured(**attributes))
    sandbox = Looks()
    realiser = Realiser(world.store, sandbox, settings=world.settings, builtins={Builder.name: Builder()})
    with pytest.raises(Exception, match="failed with exit code 1"):
        realiser.realise([Target(drv)])
    realiser.close()
    env = sandbox.request["env"]
    assert (env["url"], env["list"], env["yes"], env["out"]) == ("Ã©", "a b", "1", world.path(drv))
    assert "deep" not in env and "__json" not in env
    assert sandbox.attributes["deep"] == {"a": world.path(drv)}
    assert sandbox.attributes["url"] == "Ã©"


def test_sizes_of_closures() -> None:
    a, b, c, d = (StorePath(bytes([number] * 20), "x") for number in range(4))
    zero = Hash.zero("sha256")
    infos = {
        a: PathInfo(a, zero, 1),
        b: PathInfo(b, zero, 10, (a, b)),
        c: PathInfo(c, zero, 100, (a, b)),
        d: PathInfo(d, zero, 1000, (a,)),
    }
    assert closure_sizes(Closure([c, d], infos)) == {a: 1, b: 11, c: 111, d: 1001}
    infos[a] = PathInfo(a, zero, 1, (b,))
    assert closure_sizes(Closure([c, d], infos)) == {a: 11, b: 11, c: 111, d: 1011}
