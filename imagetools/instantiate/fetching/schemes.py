"""The kinds of inputs, and what fetching one of any kind is (Nix: ``Input::fetch``).

One table; nothing registers itself. A tree that is in the store already, by its hash, is not fetched; what came is compared with
all that the definition says of it.
"""

from typing import Final, Protocol

from imagetools.formats.store_path import StorePath
from imagetools.instantiate.fetching.attributes import Attributes, Input
from imagetools.instantiate.fetching.errors import FetchingError, NarHashMismatch, NotSupportedHere, shown
from imagetools.instantiate.fetching.forges import FORGES, ForgeScheme
from imagetools.instantiate.fetching.git import GitScheme
from imagetools.instantiate.fetching.mercurial import MercurialScheme
from imagetools.instantiate.fetching.plain import FileScheme, PathScheme, TarballScheme
from imagetools.instantiate.fetching.url import Url
from imagetools.instantiate.fetching.world import World, as_evaluation
from imagetools.kernel.errors import ImagetoolsError


class Scheme(Protocol):
    """One kind of inputs."""

    @property
    def kind(self) -> str:
        """Its ``type``."""
        ...

    def from_url(self, url: Url, text: str) -> Attributes | None:
        """The attributes that a URL means; None where it is of another kind. Raises BadUrl."""
        ...

    def check(self, given: Input) -> None:
        """Raises FetchingError for attributes that make no sense."""
        ...

    def to_url(self, given: Input) -> str:
        """The input as a URL, for messages and for what restricted evaluation allows."""
        ...

    def has_all_info(self, given: Input) -> bool:
        """Whether everything that a fetch would tell (but the tree) is known."""
        ...

    def fetch(self, world: World, given: Input) -> tuple[StorePath, Input]:
        """The tree in the store, and the input with all that was learned."""
        ...


SCHEMES: Final[tuple[Scheme, ...]] = (
    GitScheme(),
    MercurialScheme(),
    PathScheme(),
    *(ForgeScheme(forge) for forge in FORGES),
    TarballScheme(),
    FileScheme(),
)


def of_url(text: str) -> Input:
    """The input that a URL means. Raises BadUrl, FetchingError, HashError."""
    url = Url.parse(text)
    if url.scheme == "flake":
        raise _indirect(text)
    for scheme in SCHEMES:
        found = scheme.from_url(url, text)
        if found is not None:
            return of_attributes(found)
    raise FetchingError(f"input '{shown(text)}' is unsupported")


def of_attributes(attributes: Attributes) -> Input:
    """The same from attributes."""
    given = Input(attributes)
    if given.kind == "indirect":
        raise _indirect(given.text("id") or "")
    scheme_of(given).check(given)
    given.check_common()
    return given


def scheme_of(given: Input) -> Scheme:
    for scheme in SCHEMES:
        if scheme.kind == given.kind:
            return scheme
    raise FetchingError(f"cannot fetch unsupported input '{given.json()}'")


def fetch(world: World, given: Input) -> tuple[StorePath, Input]:
    """The tree in the store; the input then has its ``narHash``. Raises ImagetoolsErrors of many kinds."""
    scheme = scheme_of(given)
    if given.nar_hash is not None and scheme.has_all_info(given):
        wanted = world.fixed(given.name, "nar", given.nar_hash)
        if world.is_valid(wanted):
            return wanted, given
    try:
        path, found = scheme.fetch(world, given)
    except ImagetoolsError as error:
        failure = as_evaluation(error)
        failure.push(f"while fetching the input '{shown(scheme.to_url(given))}'")
        raise failure from error
    got = world.nar_hash(path)
    if given.nar_hash is not None and got != given.nar_hash:
        raise NarHashMismatch(scheme.to_url(given), world.real(path), given.nar_hash, got)
    for name in ("lastModified", "revCount"):
        wanted_number = given.number(name)
        if wanted_number is not None and found.number(name) != wanted_number:
            raise FetchingError(f"'{name}' attribute mismatch in input '{shown(scheme.to_url(found))}', expected {wanted_number}")
    return path, found.changed(narHash=got.sri())


def _indirect(text: str) -> NotSupportedHere:
    return NotSupportedHere(f"input '{text}' is to be looked up in a flake registry, which imagetools does not have")
