"""The builtins that need a store, as the evaluator's table takes them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from imagetools.instantiate.fetching.builtins import Fetchers
from imagetools.instantiate.io import StoreIO
from imagetools.instantiate.known import Known
from imagetools.instantiate.sources import Sources
from imagetools.instantiate.strict import StrictDerivation
from imagetools.lang.builtins.spec import BuiltinSpec, builtin, plain

if TYPE_CHECKING:
    from imagetools.instantiate.fetching.world import World


def store_builtins(io: StoreIO, known: Known, world: "Callable[[], World] | None" = None) -> list[BuiltinSpec]:
    """The specs over one evaluation's store; ``world`` is what fetching needs; without it nothing can be fetched."""
    sources = Sources(io, known)
    strict = StrictDerivation(known)
    made = [
        plain("derivationStrict", strict.make, "attrs"),
        builtin("path", sources.path, "attrs"),
        builtin("filterSource", sources.filter_source, "predicate", "path"),
        builtin("toFile", sources.to_file, "name", "text"),
        builtin("storePath", sources.store_path, "path"),
    ]
    if world is not None:
        fetchers = Fetchers(io, world)
        made += [
            builtin("fetchurl", fetchers.fetch_url, "args"),
            plain("fetchTarball", fetchers.fetch_tarball, "args"),
            plain("fetchGit", fetchers.fetch_git, "args"),
            plain("fetchMercurial", fetchers.fetch_mercurial, "args"),
            plain("fetchTree", fetchers.fetch_tree, "args"),
        ]
    return made
