"""A flat-file binary cache, written: ``nix-cache-info``, ``HASH.narinfo``, ``nar/FILEHASH.nar.xz`` (rows 7.001-7.004).

Only files are read and written here; what is known of an object comes as its PathInfo. A NAR is renamed into its place before
the narinfo that names it, so that a cache never promises what is not there, whenever the writing is killed. What is there
already is not written again.
"""

import hashlib
import os
from collections.abc import Callable
from typing import Final

from imagetools.formats.cache_info import CacheInfo
from imagetools.formats.fields import FieldsError
from imagetools.formats.narinfo import NarInfo
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreDir
from imagetools.kernel.bytestr import to_bytes, to_str
from imagetools.kernel.hashes import Hash
from imagetools.store.compression import SUFFIXES, Compressor, check_kind
from imagetools.store.disk import start_writing, write_all, writing
from imagetools.store.nar_hash import StreamHash
from imagetools.store.ports import StoreError

Sink = Callable[[bytes], object]
INFO: Final = "nix-cache-info"
WRITTEN_AT_ONCE: Final = 8 << 20
FOLDERS: Final = ("nar", "realisations", "debuginfo", "log")  # real Nix wants to make them, and cannot where it may only read


class WrongCacheError(StoreError):
    """A folder that is a cache for another store directory, or no cache at all."""

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(f"'{folder}' cannot be used as a binary cache: {reason}")
        self.folder = folder


class ChangedObjectError(StoreError):
    """A store object whose contents are no longer those that were registered."""

    def __init__(self, path: str, expected: Hash, got: Hash) -> None:
        super().__init__(
            f"path '{path}' has been changed since it was registered;\n  specified: {expected.nix()}\n  got:       {got.nix()}",
            "look for more of them: imagetools store verify --check-contents",
        )
        self.path = path


class CacheWriter:
    """Writes objects into the cache at ``folder``, from several threads if wished."""

    def __init__(self, folder: str, store_dir: StoreDir, compression: str, level: int | None = None) -> None:
        """``compression``: none, xz, zstd, bzip2 or gzip; ``level`` None: its usual one. Raises UnknownCompressionError."""
        check_kind(compression)
        self._folder = folder
        self._store_dir = store_dir
        self._compression = compression
        self._level = level

    def open(self) -> None:
        """Make the folder and its ``nix-cache-info`` where they are missing. Raises WrongCacheError, StoreError."""
        with writing(self._folder):
            for name in FOLDERS:
                os.makedirs(os.path.join(self._folder, name), exist_ok=True)
        path = os.path.join(self._folder, INFO)
        try:
            with open(path, "rb") as file:
                there = CacheInfo.parse(to_str(file.read()), path)
        except FileNotFoundError:
            self._put(INFO, to_bytes(str(CacheInfo(self._store_dir))))
        except FieldsError as error:
            raise WrongCacheError(self._folder, error.message) from None
        else:
            if there.store_dir != self._store_dir:
                raise WrongCacheError(self._folder, f"it is for the store directory '{there.store_dir.path}'")

    def find(self, info: PathInfo) -> NarInfo | None:
        """What the cache holds of an object already: a narinfo with the same NAR hash whose NAR is there."""
        try:
            with open(self._narinfo_path(info), "rb") as file:
                there = NarInfo.parse(to_str(file.read()), self._store_dir)
        except (FileNotFoundError, FieldsError):
            return None
        same = (there.info.path, there.info.nar_hash, there.info.references) == (info.path, info.nar_hash, info.references)
        return there if same and os.path.isfile(os.path.join(self._folder, there.url)) else None

    def add(self, info: PathInfo, dump: Callable[[Sink], None]) -> NarInfo:
        """Write an object whose NAR ``dump`` streams; ``info`` goes into the narinfo, signatures and all.

        New signatures of an object that is there already are added. Raises ChangedObjectError, StoreError.
        """
        there = self.find(info)
        if there is not None:
            merged = there._replace(info=there.info.with_signatures(info.signatures))
            if merged != there:
                self.put_info(merged)
            return merged
        made = self._write_nar(info, dump)
        self.put_info(made)
        return made

    def put_info(self, narinfo: NarInfo) -> None:
        """Write a narinfo over the one that is there."""
        self._put(os.path.basename(self._narinfo_path(narinfo.info)), to_bytes(str(narinfo)))

    def _narinfo_path(self, info: PathInfo) -> str:
        return os.path.join(self._folder, info.path.hash_part + ".narinfo")

    def _write_nar(self, info: PathInfo, dump: Callable[[Sink], None]) -> NarInfo:
        temporary = os.path.join(self._folder, "nar", f".{info.path.hash_part}.{os.getpid()}.tmp")
        with writing(temporary):
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            try:
                packed = _Packed(fd, temporary)
                compressor = Compressor(self._compression, packed.write, self._level)
                with StreamHash(info.nar_hash.algo) as state:

                    def both(chunk: bytes) -> None:
                        state.update(chunk)
                        compressor.write(chunk)

                    dump(both)
                    compressor.close()
                    packed.end()
                    got, size = state.finish()
            finally:
                os.close(fd)
            if got != info.nar_hash:
                raise ChangedObjectError(self._store_dir.join(info.path), info.nar_hash, got)
            file_hash = Hash("sha256", packed.hash.digest())
            url = f"nar/{file_hash.base32()}.nar{SUFFIXES[self._compression]}"
            with writing(temporary):
                os.rename(temporary, os.path.join(self._folder, url))
        except BaseException:
            if os.path.lexists(temporary):
                os.unlink(temporary)
            raise
        return NarInfo(info._replace(nar_size=size), url, self._compression, file_hash, packed.size, self._store_dir)

    def _put(self, name: str, data: bytes) -> None:
        put_file(os.path.join(self._folder, name), data)


def put_file(path: str, data: bytes) -> None:
    """Write a small file whole or not at all. Raises StoreError."""
    temporary = f"{path}.{os.getpid()}.tmp"
    with writing(path):
        with open(temporary, "wb") as file:
            file.write(data)
        os.rename(temporary, path)


class _Packed:
    """The compressed file on its way, and what is known of it at the end."""

    def __init__(self, fd: int, path: str) -> None:
        self._fd = fd
        self._path = path
        self.hash = hashlib.sha256()
        self.size = 0
        self._begun = 0

    def write(self, piece: bytes) -> None:
        with writing(self._path):
            write_all(self._fd, piece)
        self.hash.update(piece)
        self.size += len(piece)
        if self.size - self._begun >= WRITTEN_AT_ONCE:
            self.end()

    def end(self) -> None:
        """What has been written may go to the disk."""
        start_writing(self._fd, self._begun, self.size - self._begun)
        self._begun = self.size
