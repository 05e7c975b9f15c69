"""What fetching needs of the world, in one value: the store, the cache, a transport, the clock, the person.

Made by whoever makes the session; the transport comes to life with the first download. What is fetched goes into the store in
read-only mode too, as with ``nix-instantiate --eval``: it is read right away.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from imagetools.formats.addressing import fixed_path
from imagetools.formats.store_path import StorePath, StorePathError
from imagetools.instantiate.fetching.errors import FetchFailed
from imagetools.kernel.errors import ImagetoolsError
from imagetools.kernel.hashes import Hash
from imagetools.lang.runtime.errors import EvalError
from imagetools.net.fetch_cache import Entry, FetchCache, Info
from imagetools.net.git import HostGit
from imagetools.net.hg import HostHg
from imagetools.net.ports import Transport
from imagetools.store.ports import PathFilter, Store

TTL: Final = 3600


@dataclass(frozen=True)
class FetchSettings:
    """``cache`` is the folder below which everything fetched is remembered; ``ttl`` how many seconds what can change is taken
    from there. ``home`` is the person's folder, ``environment`` their variables, ``netrc`` their netrc file and ``ca_file`` the
    certificates to trust, for the programs that fetch. ``allow_dirty`` lets work trees with changes be fetched, ``warn_dirty``
    says so; ``tokens`` are access tokens by host."""

    cache: str
    home: str
    ttl: int = TTL
    environment: Mapping[str, str] = field(default_factory=dict)
    netrc: str = "/dev/null"
    ca_file: str | None = None
    allow_dirty: bool = True
    warn_dirty: bool = True
    tokens: Mapping[str, str] = field(default_factory=dict)


class World:
    """``connect`` gives the way to the network; asked once, when it is first needed."""

    def __init__(
        self,
        store: Store,
        settings: FetchSettings,
        *,
        connect: Callable[[], Transport],
        say: Callable[[str], object],
        now: Callable[[], float] = time.time,
    ) -> None:
        self.store: Final = store
        self.settings: Final = settings
        self.cache: Final = FetchCache(os.path.join(settings.cache, "fetch"))
        self._connect = connect
        self._say = say
        self._now = now

    @cached_property
    def transport(self) -> Transport:
        return self._connect()

    @cached_property
    def git(self) -> HostGit:
        settings = self.settings
        return HostGit(settings.environment, settings.home, netrc=self.netrc, ca_file=settings.ca_file)

    @cached_property
    def hg(self) -> HostHg:
        settings = self.settings
        return HostHg(settings.environment, settings.home, ca_file=settings.ca_file)

    @cached_property
    def netrc(self) -> str:
        try:
            with open(self.settings.netrc, encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    @property
    def now(self) -> int:
        return int(self._now())

    def warn(self, text: str) -> None:
        """A line for the person (bytestr)."""
        self._say("warning: " + text)

    def say(self, text: str) -> None:
        self._say(text)

    # -- the store -----------------------------------------------------------------------------------------------------

    def logical(self, path: StorePath) -> str:
        return self.store.store_dir.join(path)

    def real(self, path: StorePath) -> str:
        return self.store.real_path(path)

    def fixed(self, name: str, method: str, value: Hash) -> StorePath:
        """Where something with a known SHA-256 belongs. Raises StoreNameError."""
        return fixed_path(self.store.store_dir, name, method, value)

    def is_valid(self, path: StorePath) -> bool:
        """Whether it is there, and stays for as long as this process lives."""
        if not self.store.is_valid(path):
            return False
        self.store.add_temp_root(path)
        return True

    def add(self, physical: str | bytes, name: str, method: str = "nar", keep: PathFilter | None = None) -> StorePath:
        """Bring a file or tree of the host into the store."""
        path = self.store.add_source(physical, name, method=method, filter=keep)
        self.store.add_temp_root(path)
        return path

    def move_in(self, tree: str, name: str) -> StorePath:
        """The same for a tree that was made in a place of ``store.making()``: it is moved."""
        path = self.store.move_in(tree, name)
        self.store.add_temp_root(path)
        return path

    def nar_hash(self, path: StorePath) -> Hash:
        """Of a valid path."""
        info = self.store.query(path)
        assert info is not None
        return info.nar_hash

    # -- the cache -----------------------------------------------------------------------------------------------------

    def known(self, request: Info) -> tuple[Entry, StorePath] | None:
        """What the cache knows of a request, as long as its store path is valid: fresh or not."""
        entry = self.cache.find(request)
        if entry is None:
            return None
        try:
            path = self.store.store_dir.parse(entry.path)
        except StorePathError:
            return None
        return (entry, path) if self.is_valid(path) else None

    def fresh(self, request: Info) -> tuple[Entry, StorePath] | None:
        """The same, only where nobody need be asked again."""
        found = self.known(request)
        return found if found is not None and found[0].fresh(self.settings.ttl, self.now) else None

    def remember(self, request: Info, path: StorePath, info: Info, locked: bool) -> None:
        self.cache.add(request, Entry(self.logical(path), info, self.now, locked))


def as_evaluation(error: ImagetoolsError) -> EvalError:
    """An error of below as one with a place in the definition."""
    return error if isinstance(error, EvalError) else FetchFailed(error)
