"""Content addresses: by which method and to which hash a store object's path is bound to its contents.

The text is what narinfo files and the store's database hold: ``text:sha256:…``, ``fixed:sha256:…`` (the bytes of one file) or
``fixed:r:sha256:…`` (its NAR). Which path follows from one is computed in ``addressing``.
"""

from typing import Final, Literal

from ..kernel.errors import ImagetoolsError
from ..kernel.hashes import Hash, HashError

Method = Literal["flat", "nar", "text"]

PREFIXES: Final[dict[Method, str]] = {"flat": "fixed:", "nar": "fixed:r:", "text": "text:"}


class ContentAddressError(ImagetoolsError):
    """``text`` is not a content address; the sentence says why."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"'{text}' is not a content address: {reason}")
        self.text = text


class ContentAddress:
    """``method`` is flat, nar or text; the hash of a text is always SHA-256."""

    def __init__(self, method: Method, hash: Hash) -> None:
        self.method: Final[Method] = method
        self.hash: Final = hash

    def __eq__(self, other: object) -> bool:
        return type(other) is ContentAddress and self.method == other.method and self.hash == other.hash

    def __hash__(self) -> int:
        return hash((self.method, self.hash))

    @staticmethod
    def parse(text: str) -> "ContentAddress":
        """Read ``text:…``, ``fixed:…`` or ``fixed:r:…``. Raises ContentAddressError."""
        method: Method
        if text.startswith("text:"):
            method, rest = "text", text[5:]
        elif text.startswith("fixed:r:"):
            method, rest = "nar", text[8:]
        elif text.startswith("fixed:"):
            method, rest = "flat", text[6:]
        else:
            raise ContentAddressError(text, "it begins neither with 'text:' nor with 'fixed:'")
        if ":" not in rest:
            raise ContentAddressError(text, "its hash must be in form '<algo>:<hash>'")
        try:
            value = Hash.parse(rest)
        except HashError as error:
            raise ContentAddressError(text, error.message) from None
        if method == "text" and value.algo != "sha256":
            raise ContentAddressError(text, f"a text is addressed by sha256, not {value.algo}")
        return ContentAddress(method, value)

    def __str__(self) -> str:
        return PREFIXES[self.method] + self.hash.nix()
