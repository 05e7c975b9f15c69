"""``fetchurl``, ``fetchTarball``, ``fetchGit``, ``fetchMercurial`` and ``fetchTree``, as the language has them.

Here is what they are, for people; what they do is in ``calls.py``, imported when one is first called (start-up time).
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from imagetools.instantiate.io import StoreIO
from imagetools.lang.runtime.machine import Machine

if TYPE_CHECKING:
    from imagetools.instantiate.fetching.calls import Calls
    from imagetools.instantiate.fetching.world import World


class Fetchers:
    """The builtins over one evaluation; ``world`` is asked for when something is first fetched."""

    def __init__(self, io: StoreIO, world: "Callable[[], World]") -> None:
        self._io = io
        self._world = world

    @cached_property
    def _calls(self) -> "Calls":
        from imagetools.instantiate.fetching.calls import Calls  # noqa: PLC0415

        return Calls(self._io, self._world())

    def fetch_url(self, m: Machine, args: object) -> object:
        """A file from a URL, as a path in the store: a URL, or ``{ url, sha256, name }``.

        ``name`` is the last part of the URL unless given. Without ``sha256`` it is taken from the cache for an hour
        (``tarball-ttl``), with it the file is checked and never fetched again. Fails where it cannot be fetched or has another
        hash, with ``--restrict-eval`` for a URL that ``allowed-uris`` does not name, and with ``--pure-eval`` without
        ``sha256``. Example: ``builtins.fetchurl "https://example.org/x.patch"``. Row 5.075.
        """
        return self._calls.fetch_url(m, args)

    def fetch_tarball(self, m: Machine, args: object) -> object:
        """The tree in a tarball from a URL, as a path in the store: a URL, or ``{ url, sha256, name }``.

        A tar archive (compressed with gzip, bzip2, xz, zstd or not at all) or a zip archive, whose one top folder is taken off;
        ``name`` is "source" unless given, ``sha256`` that of the unpacked tree (``imagetools prefetch zip``). Cached and
        restricted as ``fetchurl``. Fails where it cannot be fetched or unpacked, has several files at its top, or another hash.
        Example: ``fetchTarball "https://example.org/x.tar.gz"``. Row 5.076.
        """
        return self._calls.fetch_tarball(m, args)

    def fetch_git(self, m: Machine, args: object) -> object:
        """The tree of a git repository: a URL or path, or ``{ url, name, ref, rev, submodules, allRefs, shallow, exportIgnore
        }``, as a set with ``outPath``, ``rev``, ``shortRev``, ``revCount``, ``lastModified``, ``lastModifiedDate``, ``narHash``
        and ``submodules``.

        ``url`` is https, http, ssh, git or file, ``user@host:path`` or a path. ``ref`` (HEAD unless given) is a branch, or a
        full name like ``refs/tags/v1``; ``rev`` is a commit of it. A folder without ``ref`` and ``rev`` is its tracked files as
        they are, with a warning where they are not HEAD. What a ref means is cached for an hour (``tarball-ttl``). Fails where
        it cannot be fetched, with ``--restrict-eval`` for a URL that ``allowed-uris`` does not name, and with ``--pure-eval``
        without ``rev``. Example: ``fetchGit { url = "https://example.org/x.git"; rev =
        "0123456789012345678901234567890123456789"; }``. Row 5.077.
        """
        return self._calls.fetch_git(m, args)

    def fetch_mercurial(self, m: Machine, args: object) -> object:
        """The tree of a Mercurial repository: a URL or path, or ``{ url, name, rev }``, as a set with ``outPath``, ``branch``,
        ``rev``, ``shortRev`` and ``revCount``.

        ``rev`` is a changeset's hash, or the name of a branch or tag. A folder without ``rev`` that has changes is its tracked
        files as they are, with a warning. Cached and restricted as ``fetchGit``; with ``--pure-eval`` ``rev`` must be a hash.
        Fails where it cannot be fetched. Example: ``fetchMercurial { url = "https://example.org/x"; rev =
        "0123456789012345678901234567890123456789"; }``. Row 5.134.
        """
        return self._calls.fetch_mercurial(m, args)

    def fetch_tree(self, m: Machine, args: object) -> object:
        """A tree from anywhere: a URL, or a set with ``type`` ("path", "git", "hg", "tarball", "file", "github", "gitlab" or
        "sourcehut") and what that type takes; a set like that of ``fetchGit``.

        ``narHash`` says what its hash must be; what has it is not fetched again. Fails as ``fetchGit``; with ``--pure-eval``
        without ``rev`` or ``narHash``. Example: ``fetchTree { type = "github"; owner = "NixOS"; repo = "nixpkgs"; rev =
        "0123456789012345678901234567890123456789"; }``.
        """
        return self._calls.fetch_tree(m, args)
