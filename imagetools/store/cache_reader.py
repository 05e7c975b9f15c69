"""A binary cache, read: is a path there, who vouches for it, and its NAR, checked on the way (rows 7.001-7.016).

The bytes come through a ``Transport``, and nothing that comes is believed: a narinfo must be of the path that was asked for and
signed by a trusted key (or its path must follow from its contents), the file must have the hash and size that the narinfo says,
and unpack to no more than that. Hash and references of the NAR itself are checked by the store that takes it in.
"""

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from queue import Queue
from typing import ClassVar, Final
from urllib.parse import urljoin, urlsplit

from imagetools.archive.stream import ArchiveError
from imagetools.formats.cache_info import CacheInfo
from imagetools.formats.fields import FieldsError
from imagetools.formats.narinfo import NarInfo
from imagetools.formats.path_info import PathInfo
from imagetools.formats.signing import PublicKey, valid_signatures
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.kernel.bytestr import to_str
from imagetools.kernel.hashes import Hash
from imagetools.net.ports import AS_USUAL, FetchError, Transport, Wishes
from imagetools.net.redact import redact
from imagetools.store.cache_writer import INFO
from imagetools.store.compression import WrongCompressionError, check_kind, decompressed
from imagetools.store.ports import StoreError

USUAL_PRIORITY: Final = 50
CONNECTIONS: Final = 25  # so many narinfo files are asked for at once
FORBIDDEN: Final = 403  # what some stores of objects say of a name that they do not have
LARGEST_TEXT: Final = 1 << 20
WAITING_PIECES: Final = 8
ONCE: Final = Wishes(attempts=1, connect_timeout=5.0)
"""A cache that does not answer at all is done without; whoever is offline should not wait for it."""


class CacheError(StoreError):
    """A binary cache cannot be used, or says something that is not so; ``url`` has its secrets taken out."""

    fault: ClassVar[str] = "host"

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"binary cache '{url}': {reason}")
        self.url = url
        self.reason = reason


class FileMismatchError(CacheError):
    """The file of a NAR is not what its narinfo says; both values are named."""

    exit_code: ClassVar[int] = 102

    def __init__(self, url: str, file: str, what: str, expected: str, got: str) -> None:
        super().__init__(url, f"{what} mismatch of '{file}';\n  specified: {expected}\n  got:       {got}")


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose signatures count. With ``required`` off everything is believed that is whole."""

    keys: tuple[PublicKey, ...] = ()
    required: bool = True

    def covers(self, info: PathInfo, store_dir: StoreDir) -> bool:
        """Whether a path may be taken as ``info`` describes it."""
        return not self.required or info.is_content_addressed(store_dir) or valid_signatures(info, store_dir, self.keys) > 0


class CacheReader:
    """The cache at ``url`` (http, https or file). May be used from several threads."""

    def __init__(self, url: str, transport: Transport, store_dir: StoreDir, trust: Trust, *, optional: bool = False) -> None:
        """``optional``: nobody asked for this cache by name, so that it is no news when it cannot be reached."""
        self.optional = optional
        self._base = url.rstrip("/") + "/"
        self._transport = transport
        self._store_dir = store_dir
        self._trust = trust
        self._lock = threading.Lock()
        self._info: CacheInfo | None = None

    @property
    def url(self) -> str:
        """Secrets taken out: for people, and what tells this cache from others in a memory on the disk."""
        return redact(self._base.rstrip("/"))

    @property
    def is_remote(self) -> bool:
        return urlsplit(self._base).scheme.lower() != "file"

    def info(self) -> CacheInfo:
        """What the cache says of itself, asked once. Raises CacheError, FetchError."""
        with self._lock:
            if self._info is None:
                text = self._text(INFO, ONCE)
                if text is None:
                    raise CacheError(self.url, f"it is no binary cache, since it has no '{INFO}'")
                self._info = self.check_info(text)
            return self._info

    def check_info(self, text: str) -> CacheInfo:
        """Read a ``nix-cache-info``. Raises CacheError, also where the cache is of another store directory."""
        try:
            found = CacheInfo.parse(text, INFO)
        except FieldsError as error:
            raise CacheError(self.url, error.message) from None
        if found.store_dir != self._store_dir:
            raise CacheError(self.url, f"it is for the store directory '{found.store_dir}', not '{self._store_dir}'")
        return found

    def narinfo_text(self, path: StorePath) -> str | None:
        """The narinfo of a path as it stands there; None where there is none. Raises FetchError."""
        return self._text(path.hash_part + ".narinfo")

    def read_narinfo(self, path: StorePath, text: str) -> NarInfo:
        """Understand and check a narinfo. Raises CacheError."""
        name = path.hash_part + ".narinfo"
        try:
            found = NarInfo.parse(text, self._store_dir, name)
        except FieldsError as error:
            raise CacheError(self.url, error.message) from None
        if found.info.path != path:
            raise CacheError(
                self.url,
                f"'{name}' is of another path;\n  asked for: {self._store_dir.join(path)}\n"
                f"  got:       {self._store_dir.join(found.info.path)}",
            )
        check_kind(found.compression)
        return found

    def is_trusted(self, narinfo: NarInfo) -> bool:
        return self._trust.covers(narinfo.info, self._store_dir)

    def nar(self, narinfo: NarInfo, progress: Callable[[int], object] = lambda count: None) -> Iterator[bytes]:
        """The NAR, decompressed, in pieces; ``progress`` hears how many bytes of the file have come.

        Raises FetchError, CacheError, FileMismatchError, ArchiveError; what came before an error is of no use.
        """
        name = redact(narinfo.url)
        chunks = _Checked(self.url, name, narinfo, self._chunks(narinfo.url), progress)
        left = narinfo.info.nar_size
        try:
            for piece in decompressed(narinfo.compression, chunks):
                left -= len(piece)
                if left < 0:
                    size = f"{narinfo.info.nar_size} bytes"
                    raise FileMismatchError(self.url, name, "unpacked size", size, "more than that")
                yield piece
        except (ArchiveError, WrongCompressionError):
            chunks.finish()  # damaged on its way? then that is what there is to say
            raise
        chunks.finish()

    def _chunks(self, url: str) -> Iterator[bytes]:
        return pulled(lambda sink: self._transport.get(urljoin(self._base, url), sink))

    def _text(self, name: str, wishes: Wishes = AS_USUAL) -> str | None:
        data = bytearray()

        def sink(piece: bytes) -> None:
            data.extend(piece)
            if len(data) > LARGEST_TEXT:
                raise CacheError(self.url, f"'{name}' is larger than {LARGEST_TEXT} bytes")

        try:
            self._transport.get(self._base + name, sink, start_over=data.clear, wishes=wishes)
        except FetchError as error:
            if error.missing or error.status == FORBIDDEN:
                return None
            raise
        return to_str(bytes(data))


class _Checked:
    """The pieces of a file, hashed and counted as they pass; ``finish`` compares."""

    def __init__(
        self, cache: str, name: str, narinfo: NarInfo, chunks: Iterable[bytes], progress: Callable[[int], object]
    ) -> None:
        self._cache = cache
        self._name = name
        self._narinfo = narinfo
        self._chunks = chunks
        self._progress = progress
        wanted = narinfo.file_hash
        self._hash = None if wanted is None else hashlib.new(wanted.algo, usedforsecurity=False)
        self._size = 0
        self._passing = self._pass()

    def __iter__(self) -> Iterator[bytes]:
        return self._passing

    def _pass(self) -> Iterator[bytes]:
        limit = self._narinfo.file_size
        for piece in self._chunks:
            self._size += len(piece)
            if limit is not None and self._size > limit:
                raise FileMismatchError(self._cache, self._name, "size", f"{limit} bytes", "more than that")
            if self._hash is not None:
                self._hash.update(piece)
            self._progress(self._size)
            yield piece

    def finish(self) -> None:
        """Read what is left, as far as it may be. Raises FileMismatchError."""
        for _ in self._passing:
            pass
        size, wanted = self._narinfo.file_size, self._narinfo.file_hash
        if size is not None and self._size != size:
            raise FileMismatchError(self._cache, self._name, "size", f"{size} bytes", f"{self._size} bytes")
        if wanted is not None and self._hash is not None:
            got = Hash(wanted.algo, self._hash.digest())
            if got != wanted:
                raise FileMismatchError(self._cache, self._name, "file hash", wanted.nix(), got.nix())


def pulled(push: Callable[[Callable[[bytes], object]], object]) -> Iterator[bytes]:
    """The pieces that ``push`` hands to its sink, as an iterator: it runs in a thread, a few pieces ahead.

    What it raises is raised here; where the iterator is left early it ends at its next piece.
    """
    queue: Queue[bytes | None] = Queue(WAITING_PIECES)
    failed: list[BaseException] = []
    left = threading.Event()

    def sink(piece: bytes) -> None:
        if left.is_set():
            raise _LeftError
        queue.put(bytes(piece))

    def run() -> None:
        try:
            push(sink)
        except BaseException as error:
            failed.append(error)
        queue.put(None)

    thread = threading.Thread(target=run, name="download", daemon=True)
    thread.start()
    try:
        while (piece := queue.get()) is not None:
            yield piece
    finally:
        left.set()
        while thread.is_alive():
            while not queue.empty():
                queue.get_nowait()
            thread.join(0.01)
    if failed:
        raise failed[0]


class _LeftError(Exception):
    """Nobody wants the rest."""


def parse_keys(texts: Sequence[str]) -> tuple[PublicKey, ...]:
    """``trusted-public-keys``. Raises KeyTextError."""
    return tuple(PublicKey.parse(text) for text in texts)
