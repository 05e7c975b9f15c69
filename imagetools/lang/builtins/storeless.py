"""Builtins that need a store, in an evaluation without one.

They are there (``builtins ? fetchGit`` is true, as in Nix) and say what is wrong when they are called. Where an evaluation has a
store they are replaced by real ones.
"""

from typing import Final

from imagetools.lang.builtins.spec import BuiltinSpec, builtin, plain
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.runtime.machine import Machine


class StoreNeeded(EvalError):
    """This evaluation has no store."""

    def __init__(self, name: str) -> None:
        super().__init__(f"'{name}' needs a store, and this evaluation has none")
        self.name = name


def fetch_git(m: Machine, args: object) -> object:
    """See imagetools/instantiate/fetching/builtins.py; without a store it fails."""
    raise StoreNeeded("builtins.fetchGit")


def fetch_mercurial(m: Machine, args: object) -> object:
    """See imagetools/instantiate/fetching/builtins.py; without a store it fails."""
    raise StoreNeeded("builtins.fetchMercurial")


def fetch_tarball(m: Machine, args: object) -> object:
    """See imagetools/instantiate/fetching/builtins.py; without a store it fails."""
    raise StoreNeeded("builtins.fetchTarball")


def fetch_tree(m: Machine, args: object) -> object:
    """See imagetools/instantiate/fetching/builtins.py; without a store it fails."""
    raise StoreNeeded("builtins.fetchTree")


def fetch_url(m: Machine, args: object) -> object:
    """See imagetools/instantiate/fetching/builtins.py; without a store it fails."""
    raise StoreNeeded("builtins.fetchurl")


def derivation(m: Machine, attrs: object) -> object:
    """A derivation as a set: the attributes given and ``type``, ``drvPath``, ``outPath``, ``outputName``, ``all``, ``drvAttrs``
    and one member an output, itself such a set. What is lazy in it is computed by ``derivationStrict`` when first asked for.

    Fails as ``derivationStrict`` does. Example: ``derivation { name = "x"; system = builtins.currentSystem; builder =
    "/bin/sh"; args = [ "-c" "echo hi > $out" ]; }``. Row 5.070.
    """
    raise StoreNeeded("derivation")


def derivation_strict(m: Machine, attrs: object) -> object:
    """See imagetools/instantiate/strict.py; without a store it fails."""
    raise StoreNeeded("derivationStrict")


def filter_source(m: Machine, pred: object, path: object) -> object:
    """See imagetools/instantiate/sources.py; without a store it fails."""
    raise StoreNeeded("builtins.filterSource")


def path(m: Machine, args: object) -> object:
    """See imagetools/instantiate/sources.py; without a store it fails."""
    raise StoreNeeded("builtins.path")


def store_path(m: Machine, path: object) -> object:
    """See imagetools/instantiate/sources.py; without a store it fails."""
    raise StoreNeeded("builtins.storePath")


def to_file(m: Machine, name: object, s: object) -> object:
    """See imagetools/instantiate/sources.py; without a store it fails."""
    raise StoreNeeded("builtins.toFile")


BUILTINS: Final[tuple[BuiltinSpec, ...]] = (
    plain("fetchGit", fetch_git, "args"),
    plain("fetchMercurial", fetch_mercurial, "args"),
    plain("fetchTarball", fetch_tarball, "args"),
    plain("fetchTree", fetch_tree, "args"),
    builtin("fetchurl", fetch_url, "args"),
    plain("derivation", derivation, "attrs"),
    plain("derivationStrict", derivation_strict, "attrs"),
    builtin("filterSource", filter_source, "pred", "path"),
    builtin("path", path, "args"),
    builtin("storePath", store_path, "path"),
    builtin("toFile", to_file, "name", "s"),
)
