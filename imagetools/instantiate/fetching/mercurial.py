"""Inputs of type ``hg``: a changeset's files, or a work tree with changes (rows 1.076, 5.134).

Nix's rules: a local work tree without ``ref`` and ``rev`` that has changes is its tracked files as they lie there; all else goes
through a local copy of the repository (of local repositories too), which is kept. ``revCount`` is the copy's own number of the
changeset.
"""

import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from imagetools.formats.store_path import StorePath
from imagetools.instantiate.fetching.attributes import Attributes, Input
from imagetools.instantiate.fetching.errors import FetchingError, as_bytestr, shown
from imagetools.instantiate.fetching.tracked import only_tracked
from imagetools.instantiate.fetching.url import Url, percent_decode
from imagetools.instantiate.fetching.world import World
from imagetools.kernel.bytestr import to_bytes, to_str
from imagetools.kernel.hashes import Hash
from imagetools.net.fetch_cache import Info
from imagetools.net.hg import HgFetchError
from imagetools.net.programs import ProgramFailedError

_SCHEMES: Final = ("hg+http", "hg+https", "hg+ssh", "hg+file")
_NAMES: Final = ("type", "url", "ref", "rev", "revCount", "narHash", "name")
_REF: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_./-]*")
_COMMIT: Final = re.compile(r"[0-9a-fA-F]{40}")


class MercurialScheme:
    """See ``schemes.Scheme``."""

    kind: Final = "hg"

    def from_url(self, url: Url, text: str) -> Attributes | None:
        if url.scheme not in _SCHEMES:
            return None
        found: dict[str, str | int | bool] = {"type": "hg"}
        rest: dict[str, str] = {}
        for name, value in url.query:
            (found if name in {"rev", "ref", "narHash"} else rest)[name] = value
        found["url"] = str(url.changed(url.scheme.removeprefix("hg+"), rest))
        return found

    def check(self, given: Input) -> None:
        given.check_names(_NAMES, "Mercurial ")
        Url.parse(given.needed("url"))
        if given.ref is not None and not _REF.fullmatch(given.ref):
            raise FetchingError(f"invalid Mercurial branch/tag name '{given.ref}'")

    def to_url(self, given: Input) -> str:
        url = Url.parse(given.needed("url"))
        query = dict(url.query)
        if given.rev is not None:
            query["rev"] = given.rev.base16()
        if given.ref is not None:
            query["ref"] = given.ref
        return str(url.changed("hg+" + url.scheme, query))

    def has_all_info(self, given: Input) -> bool:
        return given.ref == "default" or given.number("revCount") is not None

    def fetch(self, world: World, given: Input) -> tuple[StorePath, Input]:
        return _Fetch(world, given).run()


class _Fetch:
    """One input on its way into the store."""

    def __init__(self, world: World, given: Input) -> None:
        self.world = world
        self.given = given
        self.hg = world.hg
        url = Url.parse(given.needed("url"))
        self.local = url.scheme == "file"
        self.url = os.path.normpath(percent_decode(url.path)) if self.local else url.base
        self.outside = os.fsdecode(to_bytes(self.url))
        key = hashlib.sha256(to_bytes(self.url)).hexdigest()[:40]
        self.copy = os.path.join(world.settings.cache, "hg", key)

    def run(self) -> tuple[StorePath, Input]:
        given = self.given
        work_tree = self.local and os.path.exists(os.path.join(self.outside, ".hg"))
        if given.ref is None and given.rev is None and work_tree and self._has_changes():
            return self._dirty()
        ref = given.ref or "default"
        if given.rev is not None:
            if given.rev.algo != "sha1":
                raise FetchingError(
                    f"Hash '{given.rev.algo}:{given.rev.base16()}' is not supported by Mercurial. Only sha1 is supported."
                )
            found = self.world.fresh(self._locked(given.rev))
            if found is not None:
                return found[1], self._with_info(found[0].info, given.rev, found[0].text("branch") or ref)
        unlocked: Info = {"type": "hg", "name": given.name, "url": self.url, "ref": ref}
        found = self.world.fresh(unlocked)
        if found is not None:
            known = Hash.parse(found[0].text("rev"), "sha1")
            if given.rev is None or given.rev == known:
                return found[1], self._with_info(found[0].info, known, found[0].text("branch") or ref)
        with self._locked_copy():
            node, count, branch = self._bring(given.rev.base16() if given.rev is not None else ref)
            rev = Hash.parse(node, "sha1")
            info: Info = {"rev": node, "revCount": count, "branch": branch}
            found = self.world.fresh(self._locked(rev))
            path = found[1] if found is not None else self._tree(node)
        if given.rev is None:
            self.world.remember(unlocked, path, info, False)
        self.world.remember(self._locked(rev), path, info, True)
        return path, self._with_info(info, rev, branch)

    def _locked(self, rev: Hash) -> Info:
        return {"type": "hg", "name": self.given.name, "rev": rev.base16()}

    def _with_info(self, info: Info, rev: Hash, branch: str) -> Input:
        return self.given.changed(rev=rev.base16(), ref=branch, revCount=info["revCount"])

    # -- a work tree -----------------------------------------------------------------------------------------------------

    def _has_changes(self) -> bool:
        return self.hg.output("status", "-R", self.outside, "--modified", "--added", "--removed") != b""

    def _dirty(self) -> tuple[StorePath, Input]:
        if not self.world.settings.allow_dirty:
            raise FetchingError(f"Mercurial tree '{self.url}' is unclean")
        if self.world.settings.warn_dirty:
            self.world.warn(f"Mercurial tree '{self.url}' is unclean")
        branch = to_str(self.hg.output("branch", "-R", self.outside).strip())
        words = ("status", "-R", self.outside, "--clean", "--modified", "--added", "--no-status", "--print0")
        files = self.hg.output(*words).split(b"\0")
        root = os.path.realpath(to_bytes(self.url))
        path = self.world.add(root, self.given.name, keep=only_tracked(to_str(root), files))
        return path, self.given.changed(ref=branch)

    # -- the copy --------------------------------------------------------------------------------------------------------

    @contextmanager
    def _locked_copy(self) -> Iterator[None]:
        os.makedirs(os.path.dirname(self.copy), exist_ok=True)
        fd = os.open(self.copy + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def _bring(self, wanted: str) -> tuple[str, int, str]:
        """Node, number and branch of what is wanted; the copy has it then."""
        if os.path.isdir(self.copy):
            if _COMMIT.fullmatch(wanted) and (found := self._look(wanted)) is not None:
                return found
            self._pull()
        else:
            with tempfile.TemporaryDirectory(dir=os.path.dirname(self.copy), prefix=".new-") as folder:
                made = os.path.join(folder, "repository")
                self.hg.network(self.outside, "clone", "--quiet", "--noupdate", "--", self.outside, made)
                os.rename(made, self.copy)
        found = self._look(wanted)
        if found is None:
            raise FetchingError(f"the Mercurial repository '{shown(self.url)}' has no revision '{wanted}'")
        return found

    def _pull(self) -> None:
        try:
            self.hg.network(self.outside, "pull", "--quiet", "-R", self.copy, "--", self.outside)
        except HgFetchError:
            if os.path.exists(os.path.join(self.copy, ".hg/store/journal")):  # a process was killed while it pulled
                self.hg.output("recover", "-R", self.copy)
                self.hg.network(self.outside, "pull", "--quiet", "-R", self.copy, "--", self.outside)
                return
            if self.given.rev is None and self._look(self.given.ref or "default") is None:
                raise
            if self.given.rev is not None:
                raise
            self.world.warn(
                f"could not update local clone of Mercurial repository '{shown(self.url)}';"
                " continuing with the most recent version"
            )

    def _look(self, wanted: str) -> tuple[str, int, str] | None:
        words = ("log", "-R", self.copy, "-r", wanted, "--template", "{node} {rev} {branch}\n", "--limit", "1")
        done = self.hg.run(*words)
        parts = done.output.decode("utf-8", "surrogateescape").strip().split(" ", 2)
        if done.status or len(parts) != 3:
            return None
        return parts[0], int(parts[1]), as_bytestr(parts[2])

    def _tree(self, node: str) -> StorePath:
        with self.world.store.making() as made:
            os.mkdir(made)
            try:
                self.hg.output("archive", "-R", self.copy, "-r", node, made)
            except ProgramFailedError as failure:
                if not any("no files match the archive pattern" in line for line in failure.lines):
                    raise
            mark = os.path.join(made, ".hg_archival.txt")
            if os.path.lexists(mark):
                os.unlink(mark)
            return self.world.move_in(made, self.given.name)
