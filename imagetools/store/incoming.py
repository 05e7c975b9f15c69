"""Checks on what comes into a store: a NAR against its path info, built outputs against each other, a .drv for its outputs.

Everything here either passes or raises; nothing is registered or moved.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence

from imagetools.formats import aterm
from imagetools.formats.addressing import content_path
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import DRV_SUFFIX, StoreDir, StorePath
from imagetools.kernel import graph
from imagetools.kernel.bytestr import to_str
from imagetools.kernel.errors import NotYetError
from imagetools.kernel.hashes import Hash
from imagetools.store.disk import writing
from imagetools.store.fs_nar import file_hash, nar_hash
from imagetools.store.fs_restore import restoring
from imagetools.store.nar_hash import StreamHash
from imagetools.store.ports import BuiltOutput, ImportMismatchError, StoreError


class ReferenceCycleError(StoreError):
    """Outputs that refer to each other in a circle, which no order of copying or deleting can serve."""

    def __init__(self, members: Sequence[str]) -> None:
        super().__init__("cycle detected in the references of " + " -> ".join(f"'{path}'" for path in (*members, members[0])))
        self.members = tuple(members)


def restore_checked(store_dir: StoreDir, info: PathInfo, chunks: Iterable[bytes], to: str) -> None:
    """Unpack a NAR at ``to``, its root directory still writable. Raises ImportMismatchError, NarError, StoreError."""
    with restoring(to) as feed:
        read_checked(store_dir, info, chunks, feed)

    def hash_of(method: str, algo: str) -> Hash:
        return nar_hash(to, algo)[0] if method == "nar" else file_hash(to, algo)[0]

    check_address(store_dir, info, hash_of)


def read_checked(store_dir: StoreDir, info: PathInfo, chunks: Iterable[bytes], sink: Callable[[bytes], object]) -> None:
    """Send all chunks on. Raises ImportMismatchError at the end where hash or size are not those of ``info``."""
    name = store_dir.join(info.path)
    with StreamHash(info.nar_hash.algo) as state:
        for chunk in chunks:
            state.update(chunk)
            sink(chunk)
        got, size = state.finish()
    if got != info.nar_hash:
        raise ImportMismatchError(name, "hash", info.nar_hash.nix(), got.nix())
    if info.nar_size and size != info.nar_size:
        raise ImportMismatchError(name, "size", str(info.nar_size), str(size))


def check_address(store_dir: StoreDir, info: PathInfo, hash_of: Callable[[str, str], Hash]) -> None:
    """The path must follow from the content address, if there is one, and the address from the tree.

    ``hash_of(method, algo)`` hashes the tree. Raises ImportMismatchError.
    """
    address = info.content_address
    if address is None:
        return
    own = info.path in info.references
    others = tuple(path for path in info.references if path != info.path)
    follows = content_path(store_dir, info.path.name, address, others, own)
    name = store_dir.join(info.path)
    if follows != info.path:
        raise ImportMismatchError(name, "content address", name, store_dir.join(follows))
    if own:
        return  # hashed with its own path blanked out; its NAR hash, checked before, is all that can be compared here
    if address.method == "nar" and address.hash.algo == info.nar_hash.algo:
        got = info.nar_hash
    else:
        got = hash_of(address.method, address.hash.algo)
    if got != address.hash:
        raise ImportMismatchError(name, "content address", address.hash.nix(), got.nix())


def check_cycles(store_dir: StoreDir, outputs: Sequence[BuiltOutput]) -> None:
    """Raise ReferenceCycleError where outputs refer to each other in a circle; a reference to oneself is none."""
    by_path = {output.path: output for output in outputs}

    def others(path: StorePath) -> list[StorePath]:
        return [reference for reference in by_path[path].references if reference in by_path and reference != path]

    try:
        graph.topological(by_path, others)
    except graph.CycleError as error:
        raise ReferenceCycleError([store_dir.join(path) for path in error.cycle if isinstance(path, StorePath)]) from error


def outputs_of(drv: StorePath, text: bytes) -> Mapping[str, str]:
    """Output name to path, from a derivation's text; outputs whose paths are not known before building are left out.

    Raises ATermError.
    """
    try:
        parsed = aterm.parse(to_str(text), drv.name.removesuffix(DRV_SUFFIX))
    except NotYetError:
        return {}
    return {name: output.path for name, output in parsed.outputs.items() if output.path}


def read_text(path: str) -> bytes:
    """All of one file of the store."""
    with writing(path), open(path, "rb", buffering=0) as file:
        return file.read(os.fstat(file.fileno()).st_size)
