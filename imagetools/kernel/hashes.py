"""A hash is a value: an algorithm and a digest, with every notation that Nix reads and writes.

Which notation a text is in follows from its length and separator, as in Nix: ``algo-base64`` (SRI), ``algo:rest``, or the bare
rest when the algorithm is known. Nix quirk: base-64 may lack its padding. Streaming over files is not here; callers use
``hashlib``.
"""

import binascii
import hashlib
import re
from typing import Final

from . import base32
from .errors import ImagetoolsError

SIZES: Final[dict[str, int]] = {"md5": 16, "sha1": 20, "sha256": 32, "sha512": 64}

_BASE64: Final = "[A-Za-z0-9+/]*"
_BASE16: Final = "[0-9A-Fa-f]*"


class HashError(ImagetoolsError):
    """``text`` is not a hash (or not one of the algorithm asked for); the sentence says why."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(reason)
        self.text = text


class Hash:
    """``algo`` is md5, sha1, sha256 or sha512; ``digest`` has that algorithm's size. Immutable by convention, hashable."""

    def __init__(self, algo: str, digest: bytes) -> None:
        size = check_algorithm(algo)
        if len(digest) != size:
            raise HashError(digest.hex(), f"a {algo} digest has {size} bytes, not {len(digest)}")
        self.algo: Final = algo
        self.digest: Final = digest

    @staticmethod
    def parse(text: str, algo: str | None = None) -> "Hash":
        """A hash in any of Nix's notations; ``algo`` is what the context knows (and then the text must agree).

        Raises HashError. Source: manual, nix-hash and outputHash (rows 4.041, 4.042).
        """
        name, colon, rest = text.partition(":")
        sri = False
        if not colon:
            name, dash, rest = text.partition("-")
            sri = bool(dash)
            if not dash:
                name, rest = "", text
        if name or colon or sri:
            check_algorithm(name)
            if algo is not None and algo != name:
                raise HashError(text, f"hash '{text}' should have type '{algo}'")
            algo = name
        if algo is None:
            raise HashError(text, f"hash '{text}' does not include a type, nor is the type otherwise known from context")
        return _decode_sri(text, rest, algo) if sri else _decode_by_length(rest, algo)

    @staticmethod
    def parse_prefixed(text: str) -> "Hash":
        """A hash that must name its algorithm, as ``algo:rest`` or SRI (narinfo files). Raises HashError."""
        if ":" not in text and "-" not in text:
            raise HashError(text, f"hash '{text}' does not include a type")
        return Hash.parse(text)

    @staticmethod
    def parse_sri(text: str) -> "Hash":
        """A hash in SRI notation, ``algo-base64``, and in no other. Raises HashError."""
        name, dash, rest = text.partition("-")
        if not dash:
            raise HashError(text, f"hash '{text}' is not SRI")
        check_algorithm(name)
        return _decode_sri(text, rest, name)

    @staticmethod
    def parse_loose(text: str, algo: str | None = None) -> "Hash":
        """As ``parse``, but the empty text is the all-zero hash of ``algo``: how a person says "tell me" in a fixed output."""
        if text:
            return Hash.parse(text, algo)
        if algo is None:
            raise HashError(text, "empty hash requires explicit hash algorithm")
        return Hash.zero(algo)

    @staticmethod
    def zero(algo: str) -> "Hash":
        """The hash whose digest is all zero bytes."""
        return Hash(algo, bytes(check_algorithm(algo)))

    def base16(self) -> str:
        return self.digest.hex()

    def base32(self) -> str:
        return base32.encode(self.digest)

    def base64(self) -> str:
        return binascii.b2a_base64(self.digest, newline=False).decode("ascii")

    def sri(self) -> str:
        return self.algo + "-" + self.base64()

    def nix(self) -> str:
        """``sha256:<base32>``, the form of narinfo files, fingerprints and content addresses."""
        return self.algo + ":" + base32.encode(self.digest)

    def prefixed16(self) -> str:
        """``sha256:<base16>``, the form inside store path fingerprints and the store's database."""
        return self.algo + ":" + self.digest.hex()

    def __str__(self) -> str:
        return self.sri()

    def __repr__(self) -> str:
        return f"Hash({self.sri()!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hash) and self.digest == other.digest and self.algo == other.algo

    def __hash__(self) -> int:
        return hash(self.digest)

    def __lt__(self, other: "Hash") -> bool:
        return (self.algo, self.digest) < (other.algo, other.digest)


def check_algorithm(algo: str) -> int:
    """The digest size in bytes of ``algo``. Raises HashError for a name that is not one of the four."""
    size = SIZES.get(algo)
    if size is None:
        raise HashError(algo, f"unknown hash algorithm '{algo}', expect 'md5', 'sha1', 'sha256' or 'sha512'")
    return size


def digest(algo: str, data: bytes) -> Hash:
    """The hash of ``data``. Raises HashError for an unknown algorithm."""
    check_algorithm(algo)
    return Hash(algo, hashlib.new(algo, data, usedforsecurity=False).digest())


def sha256_hex(data: bytes) -> str:
    """SHA-256 of ``data`` in base 16, without a Hash object in between (hot: several times for each derivation)."""
    return hashlib.sha256(data).hexdigest()


def compress(data: bytes, size: int) -> bytes:
    """``data`` folded to ``size`` bytes with exclusive or: byte i goes to place i modulo ``size``.

    Nix makes the 160 bits of a store path so; a plain cut would be as safe, but would give other paths.
    """
    folded = 0
    for start in range(0, len(data), size):
        folded ^= int.from_bytes(data[start : start + size], "little")
    return folded.to_bytes(size, "little")


def _decode_by_length(rest: str, algo: str) -> Hash:
    size = check_algorithm(algo)
    length = len(rest)
    if length == size * 2:
        if re.fullmatch(_BASE16, rest) is None:
            raise HashError(rest, f"invalid base-16 hash '{rest}'")
        return Hash(algo, bytes.fromhex(rest))
    if length == base32.encoded_length(size):
        try:
            return Hash(algo, base32.decode(rest))
        except base32.Base32Error:
            raise HashError(rest, f"invalid base-32 hash '{rest}'") from None
    if length == (size + 2) // 3 * 4:
        return Hash(algo, _decode_base64(rest, rest, size, "base-64"))
    raise HashError(rest, f"hash '{rest}' has wrong length for hash algorithm '{algo}'")


def _decode_sri(text: str, rest: str, algo: str) -> Hash:
    return Hash(algo, _decode_base64(text, rest, check_algorithm(algo), "SRI"))


def _decode_base64(text: str, rest: str, size: int, notation: str) -> bytes:
    """Padding may be missing; line breaks and what stands after the first ``=`` do not count (as in Nix)."""
    digits = rest.partition("=")[0].replace("\n", "")
    if re.fullmatch(_BASE64, digits) is None or len(digits) % 4 == 1:
        raise HashError(text, f"invalid {notation} hash '{text}'")
    data = binascii.a2b_base64(digits + "=" * (-len(digits) % 4))
    if len(data) != size:
        raise HashError(text, f"invalid {notation} hash '{text}', length {len(data)} != expected length {size}")
    return data
