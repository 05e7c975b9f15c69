"""The builtins that need a store, as the evaluator's table takes them."""

from imagetools.instantiate.io import StoreIO
from imagetools.instantiate.known import Known
from imagetools.instantiate.sources import Sources
from imagetools.instantiate.strict import StrictDerivation
from imagetools.lang.builtins.spec import BuiltinSpec, builtin, plain


def store_builtins(io: StoreIO, known: Known) -> list[BuiltinSpec]:
    """The specs over one evaluation's store."""
    sources = Sources(io, known)
    strict = StrictDerivation(known)
    return [
        plain("derivationStrict", strict.make, "attrs"),
        builtin("path", sources.path, "attrs"),
        builtin("filterSource", sources.filter_source, "predicate", "path"),
        builtin("toFile", sources.to_file, "name", "text"),
        builtin("storePath", sources.store_path, "path"),
    ]
