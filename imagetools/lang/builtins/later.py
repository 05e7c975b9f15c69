"""Builtins that Nix 2.8 has and imagetools does not have yet, or only with a store.

They are there (``builtins ? fetchGit`` is true, as in Nix) and say so when they are called. Those that need a store are
replaced by real ones where an evaluation has one.
"""

from typing import Final

from imagetools.kernel.errors import NotYetError
from imagetools.lang.builtins.spec import BuiltinSpec, builtin, plain
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.runtime.machine import Machine


class StoreNeeded(EvalError):
    """This evaluation has no store."""

    def __init__(self, name: str) -> None:
        super().__init__(f"'{name}' needs a store, and this evaluation has none")
        self.name = name


def fetch_git(m: Machine, args: object) -> object:
    """Not yet: the tree of a git repository at a revision. Always fails.

    Example: ``fetchGit { url = "https://example.org/x.git"; rev = "0123456789012345678901234567890123456789"; }``. Row 5.077.
    """
    raise NotYetError("builtins.fetchGit", "use a fetcher that makes a derivation, with its hash")


def fetch_mercurial(m: Machine, args: object) -> object:
    """Not yet: the tree of a mercurial repository at a revision. Always fails.

    Example: ``fetchMercurial { url = "https://example.org/x"; rev = "0123456789"; }``. Row 5.134.
    """
    raise NotYetError("builtins.fetchMercurial", "use a fetcher that makes a derivation, with its hash")


def fetch_tarball(m: Machine, args: object) -> object:
    """Not yet: an unpacked tarball from a URL. Always fails.

    Example: ``fetchTarball "https://example.org/x.tar.gz"``. Row 5.076.
    """
    raise NotYetError("builtins.fetchTarball", "unpack it to a folder and name that")


def fetch_tree(m: Machine, args: object) -> object:
    """Not yet: a tree from anywhere. Always fails. Example: ``fetchTree { type = "path"; path = "/x"; }``."""
    raise NotYetError("builtins.fetchTree", "use a fetcher that makes a derivation, with its hash")


def fetch_url(m: Machine, args: object) -> object:
    """Not yet: a file from a URL. Always fails. Example: ``builtins.fetchurl "https://example.org/x"``. Row 5.075."""
    raise NotYetError("builtins.fetchurl", "use a fetcher that makes a derivation, with its hash")


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
