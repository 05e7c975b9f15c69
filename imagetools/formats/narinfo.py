"""narinfo files: what a binary cache says of one store object and where its NAR lies (rows 7.002, 7.013).

Text both ways; the writer's order of fields is Nix's, so that a rewritten file stays the same. Nix quirk: an absent
``Compression`` means bzip2; references and deriver are base names while ``StorePath`` is a full path; ``unknown-deriver`` is no
deriver. Stricter than Nix in one thing: no field but ``Sig`` may come twice. Unknown fields are skipped, as Nix does.
"""

import re
from typing import NamedTuple

from ..kernel.hashes import Hash, HashError
from .content_address import ContentAddress, ContentAddressError
from .fields import FieldsError, split_fields
from .path_info import PathInfo
from .signing import KeyTextError, Signature
from .store_path import StoreDir, StorePath, StorePathError

_WHAT = "NAR info file"
_NUMBER = re.compile("[0-9]{1,19}")
_KNOWN = frozenset(
    ("StorePath", "URL", "Compression", "FileHash", "FileSize", "NarHash", "NarSize", "References", "Deriver", "CA")
)


class NarInfo(NamedTuple):
    """``url`` is relative to the cache; ``file_hash`` and ``file_size`` (bytes) are the compressed file's, None: not known."""

    info: PathInfo
    url: str
    compression: str
    file_hash: Hash | None
    file_size: int | None
    store_dir: StoreDir

    @staticmethod
    def parse(text: str, store_dir: StoreDir, origin: str = "") -> "NarInfo":
        """Read a file; ``origin`` is its name for errors. Raises FieldsError (also for a path of another store directory)."""
        return _Parser(store_dir, origin).parse(text)

    def __str__(self) -> str:
        info = self.info
        lines = [f"StorePath: {self.store_dir.join(info.path)}", f"URL: {self.url}", f"Compression: {self.compression}"]
        if self.file_hash is not None:
            lines.append(f"FileHash: {self.file_hash.nix()}")
        if self.file_size:
            lines.append(f"FileSize: {self.file_size}")
        lines.append(f"NarHash: {info.nar_hash.nix()}")
        lines.append(f"NarSize: {info.nar_size}")
        lines.append("References: " + " ".join(path.base_name for path in info.references))
        if info.deriver is not None:
            lines.append(f"Deriver: {info.deriver.base_name}")
        lines.extend(f"Sig: {signature}" for signature in info.signatures)
        if info.content_address is not None:
            lines.append(f"CA: {info.content_address}")
        return "\n".join(lines) + "\n"


class _Parser:
    def __init__(self, store_dir: StoreDir, origin: str) -> None:
        self.store_dir = store_dir
        self.origin = origin

    def parse(self, text: str) -> NarInfo:
        values: dict[str, str] = {}
        lines: dict[str, int] = {}
        signatures: list[str] = []
        for number, name, value in split_fields(_WHAT, text, self.origin):
            if name == "Sig":
                signatures.append(self.signature(number, value))
            elif name in values:
                raise self.corrupt(number, f"extra {name}")
            elif name in _KNOWN:
                values[name] = value
                lines[name] = number
        for needed in ("StorePath", "URL", "NarHash", "NarSize"):
            if not values.get(needed):
                raise self.corrupt(0, f"{needed} missing")
        info = PathInfo(
            path=self.full_path(lines["StorePath"], values["StorePath"]),
            nar_hash=self.sha256(lines["NarHash"], "NarHash", values["NarHash"]),
            nar_size=self.number(lines["NarSize"], "NarSize", values["NarSize"]),
            references=tuple(self.base_name(lines["References"], name) for name in values.get("References", "").split()),
            deriver=self.deriver(lines.get("Deriver", 0), values.get("Deriver", "")),
            signatures=tuple(sorted(set(signatures))),
            content_address=self.content_address(lines.get("CA", 0), values.get("CA", "")),
        )
        if info.nar_size == 0:
            raise self.corrupt(0, "NarSize missing or zero")
        return NarInfo(
            info=info,
            url=values["URL"],
            compression=values.get("Compression") or "bzip2",
            file_hash=self.file_hash(lines.get("FileHash", 0), values.get("FileHash")),
            file_size=self.number(lines["FileSize"], "FileSize", values["FileSize"]) if "FileSize" in values else None,
            store_dir=self.store_dir,
        )

    def corrupt(self, line: int, reason: str) -> FieldsError:
        return FieldsError(_WHAT, self.origin, line, reason)

    def hash(self, line: int, value: str) -> Hash:
        try:
            return Hash.parse_prefixed(value)
        except HashError:
            raise self.corrupt(line, "bad hash") from None

    def sha256(self, line: int, name: str, value: str) -> Hash:
        found = self.hash(line, value)
        if found.algo != "sha256":
            raise self.corrupt(line, f"{name} is {found.algo}, not sha256")
        return found

    def file_hash(self, line: int, value: str | None) -> Hash | None:
        return None if not value else self.hash(line, value)

    def number(self, line: int, name: str, value: str) -> int:
        if _NUMBER.fullmatch(value) is None:
            raise self.corrupt(line, f"invalid {name}")
        return int(value)

    def full_path(self, line: int, value: str) -> StorePath:
        try:
            return self.store_dir.parse(value)
        except StorePathError as error:
            raise self.corrupt(line, error.message) from None

    def base_name(self, line: int, value: str) -> StorePath:
        try:
            return StorePath.parse(value)
        except StorePathError as error:
            raise self.corrupt(line, error.message) from None

    def deriver(self, line: int, value: str) -> StorePath | None:
        return None if value in ("", "unknown-deriver") else self.base_name(line, value)

    def signature(self, line: int, value: str) -> str:
        try:
            return str(Signature.parse(value))
        except KeyTextError as error:
            raise self.corrupt(line, error.message) from None

    def content_address(self, line: int, value: str) -> ContentAddress | None:
        if not value:
            return None
        try:
            return ContentAddress.parse(value)
        except ContentAddressError as error:
            raise self.corrupt(line, error.message) from None
