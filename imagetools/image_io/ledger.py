"""What was once measured of layers, so that none is read, hashed or packed twice: flat files in a folder, one a key.

A key is any text that all bytes of a layer follow from: its recipe (``recipe_key``: what the builder was asked for, with the NAR
hashes of the store paths, since an input-addressed path may have other bytes tomorrow), or its diff ID (``diff_id_key``), under
which whoever packs layers keeps what they became. A codec (``compressors.codec``) has the library's version in it: another
version makes other bytes. A ledger is a convenience: a damaged file counts as none, and one that cannot be written is none.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from ..image.layer import oci_digest
from ..kernel.hashes import Hash, HashError
from .cache_file import keep, sealed, tidy, unsealed

Blob = tuple[Hash, int]

MOST: Final = 20_000
_FORMAT: Final = 1
_LARGEST: Final = 1 << 16
_NAME_LENGTH: Final = 64


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """``diff_id`` and ``size`` (bytes) of the uncompressed tar; ``blobs``: codec to digest and size of what it becomes."""

    diff_id: Hash
    size: int
    blobs: Mapping[str, Blob] = field(default_factory=dict)


class LayerBook(Protocol):
    """Whatever remembers facts of layers."""

    def find(self, key: str) -> LayerFacts | None:
        """What is known under ``key``."""
        ...

    def record(self, key: str, facts: LayerFacts) -> None:
        """Remember it, or do not."""
        ...


def recipe_key(recipe: str, version: int, nar_hashes: Iterable[Hash]) -> str:
    """``recipe``: what the layer is made from, in order; ``version`` of the builder that makes it; the hashes of what goes in."""
    hashes = [value.prefixed16() for value in nar_hashes]
    return "\n".join([f"recipe {version} of {len(hashes)}", *hashes, recipe])


def diff_id_key(diff_id: Hash) -> str:
    return f"diff ID {oci_digest(diff_id)}"


class LayerLedger:
    """``folder`` need not exist: it is made for the first entry. Without a name (empty) nothing is known and nothing kept.

    Several processes may use one at once.
    """

    def __init__(self, folder: str) -> None:
        self.folder: Final = folder

    def find(self, key: str) -> LayerFacts | None:
        """What is known under ``key``; None where nothing is, or nothing that can be believed."""
        return self.entry(_name(key))

    def entry(self, name: str) -> LayerFacts | None:
        """The same by an entry's own name."""
        if not self.folder:
            return None
        try:
            handle = os.open(os.path.join(self.folder, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(handle, "rb") as file:
                return _parse(name, file.read(_LARGEST))
        except OSError:
            return None

    def names(self) -> Iterator[str]:
        """Of all entries, believable or not."""
        with contextlib.suppress(OSError), os.scandir(self.folder or os.devnull) as listing:
            yield from (entry.name for entry in listing if _is_name(entry.name))

    def record(self, key: str, facts: LayerFacts) -> None:
        """Remember ``facts``, with the blobs that are known of the same layer. Nothing happens where it cannot be written."""
        self.record_entry(_name(key), facts)

    def record_entry(self, name: str, facts: LayerFacts) -> None:
        """The same by an entry's own name."""
        if not self.folder:
            return
        old = self.entry(name)
        if old is not None and (old.diff_id, old.size) == (facts.diff_id, facts.size):
            if old.blobs.items() >= facts.blobs.items():
                return
            facts = LayerFacts(facts.diff_id, facts.size, {**old.blobs, **facts.blobs})
        keep(self.folder, name, _text(name, facts), 0o644)

    def tidy(self, most: int = MOST) -> None:
        """Keep the ``most`` entries that were written last; errors do not matter."""
        tidy(self.folder or os.devnull, most)


def _name(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


def _is_name(name: str) -> bool:
    return len(name) == _NAME_LENGTH and all(char in "0123456789abcdef" for char in name)


def _text(name: str, facts: LayerFacts) -> bytes:
    """One line of JSON and its sum: a torn file is seen."""
    blobs = {codec: [oci_digest(value), size] for codec, (value, size) in sorted(facts.blobs.items())}
    document = {"format": _FORMAT, "entry": name, "diffID": oci_digest(facts.diff_id), "size": facts.size, "blobs": blobs}
    return sealed(json.dumps(document, separators=(",", ":")).encode())


def _parse(name: str, text: bytes) -> LayerFacts | None:
    try:
        found = json.loads(unsealed(text) or b"{}")
        if found["format"] != _FORMAT or found["entry"] != name:
            return None
        blobs = {str(codec): (Hash.parse_prefixed(value), int(size)) for codec, (value, size) in found["blobs"].items()}
        return LayerFacts(Hash.parse_prefixed(found["diffID"]), int(found["size"]), blobs)
    except (ValueError, TypeError, KeyError, AttributeError, HashError):
        return None
