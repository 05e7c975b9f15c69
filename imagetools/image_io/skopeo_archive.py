"""A docker archive byte for byte as skopeo writes it (``skopeo copy … docker-archive:FILE:NAME``), so that hashes people have of
pulled images stay right (row 2.047).

Layers (named by diff ID, uncompressed, each once), the config, then for each layer the folder of Docker's image format 1.0 (a
link, VERSION, json), then manifest.json and ``repositories``. Headers and JSON are in the spelling of Go's library. ``file`` must
be seekable: a layer's name and size are known after its bytes.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import BinaryIO, Final

from ..image.json_text import JsonTextError, read_json
from ..image.remote_reference import RemoteReference
from ..image.tags import BrokenImageError
from ..kernel.hashes import Hash

_BLOCK: Final = 512
_OCTAL: Final = 8**11
_PIECE: Final = 1 << 20
_WHITE: Final = " \t\r\n"
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"]+')
_ESCAPES: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
_OF_TOP_LAYER: Final = ("architecture", "config", "container", "container_config", "created", "docker_version", "os")


class SkopeoArchive:
    """Add the layers from the lowest up, then ``finish`` once. The caller owns (and closes) the file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file: Final = file
        self._layers: list[str] = []

    def add_layer(self, pieces: Iterable[bytes]) -> Hash:
        """Write a layer's tar; its diff ID. Raises OSError, and what ``pieces`` raises."""
        file = self._file
        start = file.tell()
        file.write(bytes(_BLOCK))
        hasher = hashlib.sha256(usedforsecurity=False)
        size = 0
        for piece in pieces:
            hasher.update(piece)
            file.write(piece)
            size += len(piece)
        digest = hasher.hexdigest()
        if digest in self._layers:
            file.seek(start)
            file.truncate()
        else:
            file.write(bytes(-size % _BLOCK))
            head = file_header(f"{digest}.tar", size)
            if len(head) > _BLOCK:
                shift(file, start + _BLOCK, len(head) - _BLOCK)
            end = file.tell()
            file.seek(start)
            file.write(head)
            file.seek(end)
        self._layers.append(digest)
        return Hash("sha256", hasher.digest())

    def finish(self, config: bytes, name: RemoteReference) -> None:
        """Write all the rest; ``name`` has a tag. Raises BrokenImageError for a config that is no JSON object."""
        config_name = hashlib.sha256(config, usedforsecurity=False).hexdigest() + ".json"
        self._add(config_name, config)
        top = self._add_legacy(raw_members(config_name, config))
        entry = {
            "Config": config_name,
            "RepoTags": [f"{name.name}:{name.tag}"],
            "Layers": [f"{each}.tar" for each in self._layers],
        }
        self._add("manifest.json", _json([entry]))
        self._add("repositories", _json({} if top is None else {name.name: {name.tag: top}}))
        self._file.write(bytes(2 * _BLOCK))

    def _add_legacy(self, config: Mapping[str, str]) -> str | None:
        """The layers as images of format 1.0, each the parent of the next; the ID of the last."""
        written: set[str] = set()
        chain = parent = None
        for number, digest in enumerate(self._layers, 1):
            chain = f"sha256:{digest}" if chain is None else _chain(chain, digest)
            fields: dict[str, str] = {} if parent is None else {"parent": json.dumps(parent)}
            if number == len(self._layers):
                fields |= {name: config.get(name, "null") for name in _OF_TOP_LAYER}
            identity = _object({**fields, "layer_id": json.dumps(chain)})
            parent = hashlib.sha256(identity, usedforsecurity=False).hexdigest()
            if parent not in written:
                written.add(parent)
                self._file.write(link_header(f"{parent}/layer.tar", f"../{digest}.tar"))
                self._add(f"{parent}/VERSION", b"1.0")
                self._add(f"{parent}/json", _object({**fields, "id": json.dumps(parent)}))
        return parent

    def _add(self, name: str, data: bytes) -> None:
        self._file.write(file_header(name, len(data)) + data + bytes(-len(data) % _BLOCK))


def file_header(name: str, size: int) -> bytes:
    """The blocks before a file's bytes, as Go's archive/tar writes them: ustar, and pax only for 8 GiB and more."""
    if size < _OCTAL:
        return _header(name, b"0", 0o444, size)
    length = len(f"size={size}\n") + 1
    while length != len(record := f"{length} size={size}\n"):
        length = len(record)
    folder, _, last = name.rpartition("/")
    extended = _header(f"{folder}/PaxHeaders.0/{last}".lstrip("/"), b"x", 0, len(record), devices=False)
    return extended + record.encode().ljust(_BLOCK, b"\0") + _header(name, b"0", 0o444, 0)


def link_header(name: str, target: str) -> bytes:
    """The block of a symbolic link."""
    return _header(name, b"2", 0, 0, target)


def shift(file: BinaryIO, start: int, by: int) -> None:
    """Move all from ``start`` to the end up by so many bytes; the position is the new end."""
    end = file.seek(0, os.SEEK_END)
    while end > start:
        begin = max(start, end - _PIECE)
        file.seek(begin)
        piece = file.read(end - begin)
        file.seek(begin + by)
        file.write(piece)
        end = begin
    file.seek(0, os.SEEK_END)


def raw_members(where: str, data: bytes) -> dict[str, str]:
    """The members of a JSON object as Go's encoder writes them again: the same text without white space, unsafe signs escaped.

    Raises BrokenImageError.
    """
    try:
        if not isinstance(read_json(data), dict):
            raise BrokenImageError(where, "it is no object")
    except JsonTextError as error:
        raise BrokenImageError(where, error.reason) from None
    text = data.decode()
    decoder = json.JSONDecoder()
    found: dict[str, str] = {}
    at = _after_white(text, text.index("{") + 1)
    while text[at] != "}":
        key, at = decoder.raw_decode(text, at)
        start = _after_white(text, text.index(":", at) + 1)
        _, at = decoder.raw_decode(text, start)
        found[key] = "".join(_TOKEN.findall(text, start, at)).translate(_ESCAPES)
        at = _after_white(text, at)
        if text[at] == ",":
            at = _after_white(text, at + 1)
    return found


def _after_white(text: str, at: int) -> int:
    while text[at] in _WHITE:
        at += 1
    return at


def _chain(chain: str, digest: str) -> str:
    return "sha256:" + hashlib.sha256(f"{chain} sha256:{digest}".encode(), usedforsecurity=False).hexdigest()


def _object(fields: Mapping[str, str]) -> bytes:
    """An object whose values are JSON texts, keys in order."""
    return ("{" + ",".join(f'"{name}":{fields[name]}' for name in sorted(fields)) + "}").encode()


def _json(value: Sequence[object] | Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _header(name: str, kind: bytes, mode: int, size: int, target: str = "", *, devices: bool = True) -> bytes:
    numbers = f"{mode:07o}\0{0:07o}\0{0:07o}\0{size:011o}\0{0:011o}\0".encode()
    device = f"{0:07o}\0{0:07o}\0".encode() if devices else bytes(16)
    rest = kind + target.encode().ljust(100, b"\0") + b"ustar\x0000" + bytes(64) + device
    block = (name.encode().ljust(100, b"\0") + numbers + b" " * 8 + rest).ljust(_BLOCK, b"\0")
    return block[:148] + f"{sum(block):06o}\0 ".encode() + block[156:]
