"""What a store knows about one of its objects, and the text that a signature signs.

The same facts stand in the store's database, in narinfo files and in exported closures; this is their common form. Times are
seconds since 1970, sizes bytes of the NAR.
"""

from collections.abc import Iterable
from typing import NamedTuple, Self

from ..kernel.errors import ImagetoolsError
from ..kernel.hashes import Hash
from . import addressing
from .content_address import ContentAddress
from .store_path import StoreDir, StorePath


class FingerprintError(ImagetoolsError):
    """A path info cannot be signed: its NAR size is not known or its hash is not SHA-256."""

    def __init__(self, path: StorePath, reason: str) -> None:
        super().__init__(f"cannot compute the fingerprint of '{path}': {reason}")
        self.path = path


class _Facts(NamedTuple):
    path: StorePath
    nar_hash: Hash
    nar_size: int
    references: tuple[StorePath, ...]
    deriver: StorePath | None
    signatures: tuple[str, ...]
    content_address: ContentAddress | None
    registered_at: int
    ultimate: bool


class PathInfo(_Facts):
    """One valid store object (rows 6.003, 7.013, 7.014).

    ``references`` are sorted and may hold the path itself. ``ultimate``: built here, hence trusted; not propagated on copying.
    ``signatures`` are texts ``key-name:base64``. ``registered_at`` 0 means unknown.
    """

    __slots__ = ()

    def __new__(
        cls,
        path: StorePath,
        nar_hash: Hash,
        nar_size: int,
        references: Iterable[StorePath] = (),
        deriver: StorePath | None = None,
        signatures: tuple[str, ...] = (),
        content_address: ContentAddress | None = None,
        registered_at: int = 0,
        ultimate: bool = False,
    ) -> Self:
        ordered = tuple(sorted(set(references)))
        return super().__new__(
            cls, path, nar_hash, nar_size, ordered, deriver, signatures, content_address, registered_at, ultimate
        )

    def fingerprint(self, store_dir: StoreDir) -> str:
        """``1;<path>;sha256:<base32>;<size>;<reference>,…``: the text that is signed. Raises FingerprintError."""
        if self.nar_size <= 0:
            raise FingerprintError(self.path, "its NAR size is not known")
        if self.nar_hash.algo != "sha256":
            raise FingerprintError(self.path, f"its NAR hash is {self.nar_hash.algo}, not sha256")
        references = ",".join(store_dir.join(path) for path in self.references)
        return f"1;{store_dir.join(self.path)};{self.nar_hash.nix()};{self.nar_size};{references}"

    def is_content_addressed(self, store_dir: StoreDir) -> bool:
        """Whether the content address is there and gives this very path: then no signature is needed (row 7.015).

        Whether the contents agree is for whoever has the NAR.
        """
        address = self.content_address
        if address is None:
            return False
        others = [path for path in self.references if path != self.path]
        try:
            wanted = addressing.content_path(store_dir, self.path.name, address, others, len(others) < len(self.references))
        except addressing.AddressingError:
            return False
        return wanted == self.path

    def with_signatures(self, signatures: Iterable[str]) -> "PathInfo":
        """The same with these signatures added; sorted, none twice."""
        return self._replace(signatures=tuple(sorted({*self.signatures, *signatures})))
