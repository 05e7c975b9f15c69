"""Store paths as values: a store directory, and names ``<32 base-32 characters>-<name>`` inside it (row 6.001).

The directory is a value, never a constant; the same StorePath in another store directory is another file, but here still equal,
since the directory already went into its hash. Nothing here touches a disk or computes a hash: that is ``addressing``.
Nix quirk: order is the order of the base names' bytes, and the names ``.``, ``..``, ``.-x`` and ``..-x`` are refused.
"""

import re
from typing import Final

from ..kernel import base32
from ..kernel.errors import ImagetoolsError

HASH_LENGTH: Final = 32
MAX_NAME: Final = 211
DRV_SUFFIX: Final = ".drv"

_NAME: Final = re.compile(r"(?!\.{1,2}(?:-|\Z))[0-9A-Za-z+\-._?=]{1,211}")
_ILLEGAL: Final = r"[^0-9A-Za-z+\-._?=]"
_CONTROL: Final = r"[\x00-\x1f\x7f]"
_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_HASH: Final = re.compile(f"[{base32.ALPHABET}]{{32}}")


class StoreNameError(ImagetoolsError):
    """``name`` cannot be the name of a store object; the sentence says why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"name '{_visible(name)}' {_visible(reason)}" if name else "name must not be empty")
        self.name = name
        self.reason = reason


class StorePathError(ImagetoolsError):
    """``text`` is not a store path; the sentence says why."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"path '{text}' {reason}")
        self.text = text
        self.reason = reason


def _visible(text: str) -> str:
    """``text`` with its control characters written as Nix would in a string or as their number."""
    return re.sub(_CONTROL, lambda found: _ESCAPES.get(found.group()) or f"\\x{ord(found.group()):02x}", text)


def check_name(name: str) -> None:
    """Raise StoreNameError unless ``name`` may stand in a store path: 1 to 211 of ``0-9 A-Z a-z + - . _ ? =``."""
    if _NAME.fullmatch(name) is not None:
        return
    if not name:
        raise StoreNameError(name, "must not be empty")
    if len(name) > MAX_NAME:
        raise StoreNameError(name, f"must be no longer than {MAX_NAME} characters")
    bad = re.search(_ILLEGAL, name)
    if bad is not None:
        raise StoreNameError(name, f"contains illegal character '{bad.group()}'")
    if "-" not in name:
        raise StoreNameError(name, "is not valid")
    raise StoreNameError(name, f"is not valid: first dash-separated component must not be '{name.partition('-')[0]}'")


def _fault(base_name: str) -> str:
    """Why a text is no base name of a store path."""
    if len(base_name) < HASH_LENGTH + 1:
        return "is too short to be a valid store path"
    if base_name[HASH_LENGTH] != "-":
        return "is not a valid store path: the hash part is not followed by a '-'"
    if _HASH.match(base_name) is None:
        return "is not a valid store path: its hash part is not in Nix's base 32"
    try:
        check_name(base_name[HASH_LENGTH + 1 :])
    except StoreNameError as error:
        return f"is not a valid store path: {error.message}"
    raise AssertionError(base_name)


class StorePath:
    """One store object's name: ``hash_part`` and ``name``, together its ``base_name``.

    Immutable by convention, hashable, ordered by ``base_name``.
    """

    def __init__(self, digest: bytes | str, name: str, *, checked: bool = False) -> None:
        """``digest``: 20 bytes, or their 32 characters. ``checked``: both are known to be right.

        Raises StoreNameError; ValueError where the digest is none (a mistake of ours).
        """
        if not checked:
            right = len(digest) == 20 if isinstance(digest, bytes) else _HASH.fullmatch(digest) is not None
            if not right:
                raise ValueError("the digest of a store path has 20 bytes")
            check_name(name)
        self.name: Final = name
        self.hash_part: Final = digest if isinstance(digest, str) else base32.encode(digest)
        self.base_name: Final = self.hash_part + "-" + name

    @staticmethod
    def parse(base_name: str) -> "StorePath":
        """The store path of ``<hash>-<name>`` (no directory). Raises StorePathError."""
        at = HASH_LENGTH
        if _HASH.match(base_name) is None or base_name[at : at + 1] != "-" or _NAME.fullmatch(base_name, at + 1) is None:
            raise StorePathError(base_name, _fault(base_name))
        return StorePath(base_name[:HASH_LENGTH], base_name[HASH_LENGTH + 1 :], checked=True)

    @property
    def digest(self) -> bytes:
        """The 20 bytes that ``hash_part`` is the text of."""
        return base32.decode(self.hash_part)

    @property
    def is_derivation(self) -> bool:
        """Whether the name ends in ``.drv``."""
        return self.name.endswith(DRV_SUFFIX)

    def __str__(self) -> str:
        return self.base_name

    def __repr__(self) -> str:
        return f"StorePath({self.base_name!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StorePath) and self.base_name == other.base_name

    def __hash__(self) -> int:
        return hash(self.base_name)

    def __lt__(self, other: "StorePath") -> bool:
        return self.base_name < other.base_name

    def __le__(self, other: "StorePath") -> bool:
        return self.base_name <= other.base_name

    def __gt__(self, other: "StorePath") -> bool:
        return self.base_name > other.base_name

    def __ge__(self, other: "StorePath") -> bool:
        return self.base_name >= other.base_name


class StoreDir:
    """A store directory such as ``/nix/store``: absolute, canonical, without a slash at its end."""

    def __init__(self, path: str = "/nix/store") -> None:
        """Raises StorePathError where ``path`` is not absolute and canonical."""
        parts = path.split("/")
        if len(parts) < 2 or parts[0] != "" or any(part in ("", ".", "..") for part in parts[1:]):
            raise StorePathError(path, "cannot be a store directory: it must be absolute and canonical")
        self.path: Final = path
        self.prefix: Final = path + "/"

    def join(self, path: StorePath) -> str:
        """The full logical path of ``path``."""
        return self.prefix + path.base_name

    def parse(self, text: str) -> StorePath:
        """The store path that ``text`` names exactly. Raises StorePathError (also for a path below a store object)."""
        if not text.startswith(self.prefix):
            raise StorePathError(text, f"is not in the store directory '{self.path}'")
        try:
            return StorePath.parse(text[len(self.prefix) :])
        except StorePathError as error:
            raise StorePathError(text, error.reason) from None

    def parse_prefix(self, text: str) -> tuple[StorePath, str]:
        """The store path that ``text`` is or lies in, and the rest (``""`` or ``/bin/sh``). Raises StorePathError."""
        end = text.find("/", len(self.prefix))
        if end < 0:
            return self.parse(text), ""
        return self.parse(text[:end]), text[end:]

    def contains(self, text: str) -> bool:
        """Whether ``text`` lies under this directory (it may still name no valid store path)."""
        return text.startswith(self.prefix) and len(text) > len(self.prefix)

    def __str__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"StoreDir({self.path!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StoreDir) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)
