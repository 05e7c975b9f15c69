"""The attributes of an input: what ``fetchTree`` takes and gives back, with Nix's rules and sentences. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from imagetools.instantiate.fetching.errors import FetchingError
from imagetools.kernel.hashes import Hash, HashError

Value = str | int | bool
Attributes = Mapping[str, Value]
NO_NAME: Final = "source"


@dataclass(frozen=True)
class Input:
    """Attributes (texts are bytestrs) with their types checked as they are read. Methods raise FetchingError, HashError."""

    attributes: Attributes

    def text(self, name: str) -> str | None:
        value = self.attributes.get(name)
        if value is None or isinstance(value, str):
            return value
        raise FetchingError(f"input attribute '{name}' is not a string {self.json()}")

    def needed(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise FetchingError(f"input attribute '{name}' is missing")
        return value

    def number(self, name: str) -> int | None:
        value = self.attributes.get(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise FetchingError(f"input attribute '{name}' is not an integer")

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.attributes.get(name, default)
        if isinstance(value, bool):
            return value
        raise FetchingError(f"input attribute '{name}' is not a Boolean")

    @property
    def kind(self) -> str:
        return self.needed("type")

    @property
    def name(self) -> str:
        return self.text("name") or NO_NAME

    @property
    def ref(self) -> str | None:
        return self.text("ref")

    @property
    def rev(self) -> Hash | None:
        text = self.text("rev")
        if text is None:
            return None
        try:
            return Hash.parse_prefixed(text)
        except HashError:
            return Hash.parse(text, "sha1")

    @property
    def nar_hash(self) -> Hash | None:
        text = self.text("narHash")
        if text is None:
            return None
        value = Hash.parse_sri(text) if text else Hash.zero("sha256")
        if value.algo != "sha256":
            raise FetchingError("narHash must use SHA-256")
        return value

    @property
    def locked(self) -> bool:
        """Whether it can only ever mean one tree."""
        return self.rev is not None or self.nar_hash is not None

    def changed(self, **values: Value) -> "Input":
        return replace(self, attributes={**self.attributes, **values})

    def without(self, *names: str) -> "Input":
        return replace(self, attributes={name: value for name, value in self.attributes.items() if name not in names})

    def check_names(self, allowed: Sequence[str], what: str) -> None:
        """Raises FetchingError for an attribute that this kind does not have."""
        for name in sorted(self.attributes):
            if name not in allowed:
                raise FetchingError(f"unsupported {what}input attribute '{name}'")

    def check_common(self) -> None:
        """What every kind may have must have its type."""
        _ = self.kind, self.ref, self.rev, self.nar_hash, self.number("revCount"), self.number("lastModified")

    def json(self) -> str:
        return json.dumps(dict(self.attributes), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
