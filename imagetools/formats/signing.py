"""Keys and signatures of binary caches as values: Ed25519 over a path's fingerprint, texts ``name:base64`` (rows 7.012-7.016).

Which keys are trusted, and where secret keys lie, is not known here. The curve comes from ``cryptography``, imported when first
used: most runs never sign. Nix quirk: a secret key is 64 bytes, the seed followed by the public key.
"""

import binascii
from collections.abc import Iterable
from typing import NamedTuple

from ..kernel.errors import ImagetoolsError
from .path_info import PathInfo
from .store_path import StoreDir


class KeyTextError(ImagetoolsError):
    """A text is not a key or signature ``name:base64``. The text itself is not repeated: it may be secret."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what} is corrupt: {reason}")
        self.what = what
        self.reason = reason


class Signature(NamedTuple):
    """``name`` says which key made it; ``data`` has 64 bytes."""

    name: str
    data: bytes

    @staticmethod
    def parse(text: str) -> "Signature":
        """Raises KeyTextError."""
        return Signature(*_split("signature", text, 64))

    def __str__(self) -> str:
        return _join(self.name, self.data)


class PublicKey(NamedTuple):
    """``data`` has 32 bytes."""

    name: str
    data: bytes

    @staticmethod
    def parse(text: str) -> "PublicKey":
        """Raises KeyTextError."""
        return PublicKey(*_split("public key", text, 32))

    def verifies(self, text: str, signature: Signature) -> bool:
        """Whether ``signature`` was made over ``text`` with this key, under this name."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 (late: start-up time)
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

        if signature.name != self.name:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.data).verify(signature.data, text.encode("latin-1"))
        except InvalidSignature:
            return False
        return True

    def __str__(self) -> str:
        return _join(self.name, self.data)


class SecretKey(NamedTuple):
    """``data``: 32 bytes of seed, 32 bytes of public key. ``str()`` is the text of the key file, ``repr()`` hides it."""

    name: str
    data: bytes

    @staticmethod
    def parse(text: str) -> "SecretKey":
        """Raises KeyTextError, also where the two halves do not belong together."""
        key = SecretKey(*_split("secret key", text, 64))
        if _public_bytes(key.data[:32]) != key.data[32:]:
            raise KeyTextError("secret key", f"the public half of '{key.name}' does not belong to the secret half")
        return key

    @staticmethod
    def from_seed(name: str, seed: bytes) -> "SecretKey":
        """The key of a 32-byte seed (from the system's random source). Raises KeyTextError for a name with a colon, or empty."""
        if not name or ":" in name:
            raise KeyTextError("secret key", "its name must not be empty or contain a colon")
        return SecretKey(name, seed + _public_bytes(seed))

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.name, self.data[32:])

    def sign(self, text: str) -> Signature:
        """The signature over ``text`` (a fingerprint). Deterministic."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 (late: start-up time)

        key = Ed25519PrivateKey.from_private_bytes(self.data[:32])
        return Signature(self.name, key.sign(text.encode("latin-1")))

    def __str__(self) -> str:
        return _join(self.name, self.data)

    def __repr__(self) -> str:
        return f"SecretKey(name={self.name!r})"


def sign(info: PathInfo, store_dir: StoreDir, keys: Iterable[SecretKey]) -> PathInfo:
    """``info`` with a signature of each key added. Raises FingerprintError."""
    text = info.fingerprint(store_dir)
    return info.with_signatures(str(key.sign(text)) for key in keys)


def valid_signatures(info: PathInfo, store_dir: StoreDir, keys: Iterable[PublicKey]) -> int:
    """How many of ``keys`` have signed ``info``. Raises FingerprintError; signatures that cannot be read count as none."""
    text = info.fingerprint(store_dir)
    signatures: list[Signature] = []
    for signature in info.signatures:
        try:
            signatures.append(Signature.parse(signature))
        except KeyTextError:
            continue
    return sum(any(key.verifies(text, signature) for signature in signatures) for key in set(keys))


def _split(what: str, text: str, size: int) -> tuple[str, bytes]:
    name, colon, encoded = text.strip().partition(":")
    if not colon or not name:
        raise KeyTextError(what, "it must have the form 'name:base64'")
    try:
        data = binascii.a2b_base64(encoded.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise KeyTextError(what, f"what follows '{name}:' is not base-64") from None
    if len(data) != size:
        raise KeyTextError(what, f"'{name}' has {len(data)} bytes instead of {size}")
    return name, data


def _join(name: str, data: bytes) -> str:
    return name + ":" + binascii.b2a_base64(data, newline=False).decode("ascii")


def _public_bytes(seed: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 (late: start-up time)

    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
