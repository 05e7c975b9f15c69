"""How store paths are computed: from a kind, an inner hash, the store directory and a name (row 6.001).

The text ``kind:sha256:<base16>:<store dir>:<name>`` is hashed with SHA-256 and folded to 160 bits. References ride in the kind.
Nix quirk: a recursive SHA-256 fixed output has the path of a source (kind ``source``, the NAR hash itself); every other fixed
output goes through one more hash. Nothing here reads files: callers bring the hashes.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

from ..kernel import base32
from ..kernel.bytestr import to_bytes
from ..kernel.errors import ImagetoolsError
from ..kernel.hashes import Hash, compress
from .content_address import ContentAddress
from .store_path import StoreDir, StorePath

METHOD_PREFIX: Final[dict[str, str]] = {"flat": "", "nar": "r:"}


class AddressingError(ImagetoolsError):
    """``name`` cannot have references (or that method) with this kind of address; the sentence says why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"no store path can be computed for '{name}': {reason}")
        self.name = name


def make_store_path(store_dir: StoreDir, kind: str, inner: Hash, name: str) -> StorePath:
    """The path of kind ``kind`` for ``inner``. Raises StoreNameError."""
    return _from_hex(store_dir, kind, inner.algo + ":" + inner.digest.hex(), name)


def text_path(store_dir: StoreDir, name: str, text: bytes, references: Iterable[StorePath] = ()) -> StorePath:
    """Where a text (toFile, a .drv) goes. Raises StoreNameError."""
    kind = _with_references(store_dir, "text", references, False)
    return _from_hex(store_dir, kind, "sha256:" + hashlib.sha256(text).hexdigest(), name)


def source_path(
    store_dir: StoreDir, name: str, nar_hash: Hash, references: Iterable[StorePath] = (), self_reference: bool = False
) -> StorePath:
    """Where a tree whose NAR has the SHA-256 ``nar_hash`` goes. Raises StoreNameError, AddressingError for another algorithm."""
    if nar_hash.algo != "sha256":
        raise AddressingError(name, f"a source is addressed by sha256, not {nar_hash.algo}")
    return make_store_path(store_dir, _with_references(store_dir, "source", references, self_reference), nar_hash, name)


def fixed_path(
    store_dir: StoreDir,
    name: str,
    method: str,
    value: Hash,
    references: Iterable[StorePath] = (),
    self_reference: bool = False,
) -> StorePath:
    """Where a fixed output goes; ``method`` is flat (hash of the file) or nar (hash of the NAR).

    Raises StoreNameError, and AddressingError where references are given but cannot be expressed.
    """
    if method == "nar" and value.algo == "sha256":
        return source_path(store_dir, name, value, references, self_reference)
    if method not in METHOD_PREFIX:
        raise AddressingError(name, f"'{method}' is not a method of fixed outputs")
    if self_reference or any(True for _ in references):
        raise AddressingError(name, f"a fixed output of method '{method}' and {value.algo} may not refer to store paths")
    inner = "fixed:out:" + METHOD_PREFIX[method] + value.algo + ":" + value.digest.hex() + ":"
    return _from_hex(store_dir, "output:out", "sha256:" + hashlib.sha256(inner.encode("ascii")).hexdigest(), name)


def content_path(
    store_dir: StoreDir, name: str, address: ContentAddress, references: Iterable[StorePath] = (), self_reference: bool = False
) -> StorePath:
    """The path that a content address gives. Raises as ``fixed_path``."""
    if address.method == "text":
        if self_reference:
            raise AddressingError(name, "a text cannot refer to itself")
        return make_store_path(store_dir, _with_references(store_dir, "text", references, False), address.hash, name)
    return fixed_path(store_dir, name, address.method, address.hash, references, self_reference)


def output_path(store_dir: StoreDir, modulo: Hash, output: str, drv_name: str) -> StorePath:
    """Where output ``output`` of an input-addressed derivation goes; ``modulo`` is its masked hash (see ``modulo``)."""
    return _from_hex(store_dir, "output:" + output, modulo.algo + ":" + modulo.digest.hex(), output_name(drv_name, output))


def output_name(drv_name: str, output: str) -> str:
    """The name of an output: the derivation's, with ``-dev`` and so on, but nothing for ``out``."""
    return drv_name if output == "out" else drv_name + "-" + output


def placeholder(output: str) -> str:
    """The text that stands for output ``output`` until its path is known (row 4.013): a slash and 52 characters."""
    return "/" + base32.encode(hashlib.sha256(to_bytes("nix-output:" + output)).digest())


def _from_hex(store_dir: StoreDir, kind: str, inner: str, name: str) -> StorePath:
    text = kind + ":" + inner + ":" + store_dir.path + ":" + name
    return StorePath(compress(hashlib.sha256(to_bytes(text)).digest(), 20), name)


def _with_references(store_dir: StoreDir, kind: str, references: Iterable[StorePath], self_reference: bool) -> str:
    parts = [kind]
    parts.extend(sorted({store_dir.join(path) for path in references}))
    if self_reference:
        parts.append("self")
    return ":".join(parts)
