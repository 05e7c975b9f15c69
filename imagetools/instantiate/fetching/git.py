"""Inputs of type ``git``: a commit's tree, or a work tree with changes (rows 1.068-1.075, 5.077).

Nix's rules. A folder with ``.git`` in it is read where it lies: without ``ref`` and ``rev`` it is its tracked files as they are
when anything differs from HEAD, else HEAD. Anything else is remote: the local copy is brought up to date when the ref was last
looked at more than ``ttl`` seconds ago, or has not the wanted commit. The tree is what ``git archive`` makes of the commit, so
``export-ignore`` and ``export-subst`` count; with submodules it is a checkout, without any ``.git``.
"""

import os
import re
from typing import Final

from imagetools.archive.stream import ByteStream
from imagetools.formats.store_path import StorePath
from imagetools.instantiate.fetching.attributes import Attributes, Input
from imagetools.instantiate.fetching.errors import FetchingError, NotSupportedHere, as_bytestr, shown
from imagetools.instantiate.fetching.submodules import check_out
from imagetools.instantiate.fetching.tracked import only_tracked
from imagetools.instantiate.fetching.unpack import unpack_all
from imagetools.instantiate.fetching.url import Url, percent_decode
from imagetools.instantiate.fetching.world import World
from imagetools.kernel.bytestr import to_bytes
from imagetools.kernel.hashes import Hash
from imagetools.net.fetch_cache import Info
from imagetools.net.git import GitFetchError, HostGit
from imagetools.net.git_clone import GitClone

_SCHEMES: Final = ("git", "git+http", "git+https", "git+ssh", "git+file")
_NAMES: Final = (
    *("type", "url", "ref", "rev", "shallow", "submodules", "lastModified", "revCount", "narHash", "allRefs", "name"),
    *("exportIgnore", "lfs", "verifyCommit", "keytype", "publicKey", "publicKeys", "dirtyRev", "dirtyShortRev"),
)
_FLAGS: Final = ("shallow", "submodules", "allRefs", "exportIgnore", "lfs", "verifyCommit")
_BAD_REF: Final = re.compile(r"//|^[./]|/\.|\.\.|[\x00-\x20\x7f:?^~\[]|\\|\*|\.lock$|\.lock/|@\{|[/.]$|^@$|^$|^-")


class GitScheme:
    """See ``schemes.Scheme``."""

    kind: Final = "git"

    def from_url(self, url: Url, text: str) -> Attributes | None:
        if url.scheme not in _SCHEMES:
            return None
        found: dict[str, str | int | bool] = {"type": "git"}
        rest: dict[str, str] = {}
        for name, value in url.query:
            if name in {"rev", "ref", "narHash"}:
                found[name] = value
            elif name in _FLAGS:
                found[name] = value == "1"
            else:
                rest[name] = value
        found["url"] = str(url.changed(url.scheme.removeprefix("git+"), rest))
        return found

    def check(self, given: Input) -> None:
        given.check_names(_NAMES, "Git ")
        Url.parse(given.needed("url"))
        for name in _FLAGS:
            given.flag(name)
        if given.ref is not None and _BAD_REF.search(given.ref):
            raise FetchingError(f"invalid Git branch/tag name '{given.ref}'")
        for name, what in (("lfs", "Git LFS"), ("verifyCommit", "verifying the signature of a commit")):
            if given.flag(name):
                raise NotSupportedHere(f"{what} (attribute '{name}' of fetchGit) is not supported by imagetools")

    def to_url(self, given: Input) -> str:
        url = Url.parse(given.needed("url"))
        query = dict(url.query)
        if given.rev is not None:
            query["rev"] = given.rev.base16()
        if given.ref is not None:
            query["ref"] = given.ref
        if given.flag("shallow"):
            query["shallow"] = "1"
        return str(url.changed(url.scheme if url.scheme == "git" else "git+" + url.scheme, query))

    def has_all_info(self, given: Input) -> bool:
        counted = given.flag("shallow") or given.ref is None or given.number("revCount") is not None
        return given.number("lastModified") is not None and counted

    def fetch(self, world: World, given: Input) -> tuple[StorePath, Input]:
        return _Fetch(world, given).run()


class _Fetch:
    """One input on its way into the store."""

    def __init__(self, world: World, given: Input) -> None:
        self.world = world
        self.given = given
        self.git: HostGit = world.git
        self.shallow = given.flag("shallow")
        self.submodules = given.flag("submodules")
        self.all_refs = given.flag("allRefs")
        self.export = given.flag("exportIgnore", not self.submodules)
        if self.export and self.submodules:
            raise NotSupportedHere("exportIgnore and submodules are not supported together")
        self.kind = "git" + "".join(
            text
            for flag, text in (
                (self.shallow, "-shallow"),
                (self.submodules, "-submodules"),
                (self.all_refs, "-all-refs"),
                (not self.export and not self.submodules, "-no-export-ignore"),
            )
            if flag
        )
        url = Url.parse(given.needed("url"))
        forced = world.settings.environment.get("_NIX_FORCE_HTTP") == "1"
        path = percent_decode(url.path)
        self.local = url.scheme == "file" and not forced and os.path.lexists(to_bytes(path + "/.git"))
        self.url = os.path.normpath(path) if self.local else url.base
        self.outside = to_bytes(self.url).decode("utf-8", "surrogateescape")
        self.from_file = url.scheme == "file"

    def run(self) -> tuple[StorePath, Input]:
        if self.given.rev is not None:
            _check_rev(self.given.rev)
            found = self.world.fresh(self._locked(self.given.rev))
            if found is not None:
                return found[1], self._with_info(found[0].info, self.given.rev)
        if self.local:
            if self.given.ref is None and self.given.rev is None and not self._is_clean():
                return self._dirty()
            return self._from_folder()
        return self._from_remote()

    # -- what the cache is asked -----------------------------------------------------------------------------------------

    def _locked(self, rev: Hash) -> Info:
        return {"type": self.kind, "name": self.given.name, "rev": rev.base16()}

    def _unlocked(self, ref: str) -> Info:
        return {"type": self.kind, "name": self.given.name, "url": self.url, "ref": ref}

    def _with_info(self, info: Info, rev: Hash) -> Input:
        made = self.given.changed(rev=rev.base16() if rev.algo == "sha1" else f"{rev.algo}:{rev.base16()}")
        if not self.shallow:
            made = made.changed(revCount=info["revCount"])
        return made.changed(lastModified=info["lastModified"])

    # -- a folder --------------------------------------------------------------------------------------------------------

    def _is_clean(self) -> bool:
        """Whether what lies there is HEAD. Raises FetchingError where there is no repository."""
        done = self.git.run("-C", self.outside, "--git-dir=.git", "rev-parse", "--verify", "--no-revs", "HEAD^{commit}")
        said = as_bytestr("\n".join(done.lines))
        if "fatal: not a git repository" in said:
            raise FetchingError(f"'{self.url}' is not a Git repository")
        if "fatal: Needed a single revision" in said:
            return False
        if done.status:
            raise FetchingError(
                f"getting the HEAD of the Git tree '{self.url}' failed with exit code {done.status}:\n{said}",
                hint=_hint(said, self.url),
            )
        quiet = ("diff", "HEAD", "--quiet", "--no-ext-diff", "--no-textconv")
        done = self.git.run("-C", self.outside, *quiet, *(() if self.submodules else ("--ignore-submodules",)), "--")
        if done.status not in {0, 1}:
            raise FetchingError(
                f"comparing the Git tree '{self.url}' with its HEAD failed:\n{as_bytestr(chr(10).join(done.lines))}"
            )
        return done.status == 0

    def _dirty(self) -> tuple[StorePath, Input]:
        """A work tree with changes, or one without a commit: its tracked files."""
        if not self.world.settings.allow_dirty:
            raise FetchingError(f"Git tree '{self.url}' is dirty")
        if self.world.settings.warn_dirty:
            self.world.warn(f"Git tree '{self.url}' is dirty")
        more = ("--recurse-submodules",) if self.submodules else ()
        files = self.git.output("-C", self.outside, "ls-files", "-z", *more).split(b"\0")
        root = os.path.realpath(to_bytes(self.url))
        path = self.world.add(root, self.given.name, keep=only_tracked(root.decode("latin-1"), files))
        head = self.git.run("-C", self.outside, "log", "-1", "--format=%ct", "--no-show-signature", "HEAD")
        return path, self.given.changed(lastModified=int(head.output) if head.status == 0 else 0)

    def _from_folder(self) -> tuple[StorePath, Input]:
        ref = self.given.ref or self.git.line("-C", self.outside, "rev-parse", "--abbrev-ref", "HEAD")
        rev = self.given.rev
        if rev is None:
            done = self.git.run("-C", self.outside, "rev-parse", "--verify", "--end-of-options", ref + "^{commit}")
            if done.status:
                raise FetchingError(f"the Git repository '{self.url}' has no branch or tag '{ref}'")
            rev = _commit(done.output.decode("ascii").strip())
        return self._take(rev, ref, ("-C", self.outside))

    # -- a remote --------------------------------------------------------------------------------------------------------

    def _from_remote(self) -> tuple[StorePath, Input]:
        ref = self.given.ref or "HEAD"
        full = ref if ref == "HEAD" or ref.startswith("refs/") else "refs/heads/" + ref
        rev = self.given.rev
        found = self.world.fresh(self._unlocked(ref))
        if found is not None:
            known = _commit(found[0].text("rev"))
            if rev is None or rev == known:
                return found[1], self._with_info(found[0].info, known)
        folder = os.path.join(self.world.settings.cache, "git")
        clone = GitClone(self.git, folder, self.outside, shallow=self.shallow)
        with clone.locked():
            if rev is not None:
                self._bring_commit(clone, rev, full)
            else:
                rev = self._bring_ref(clone, full)
        return self._take(rev, ref, ("--git-dir", clone.path), remember=self._unlocked(ref) if self.given.rev is None else None)

    def _bring_ref(self, clone: GitClone, full: str) -> Hash:
        age = self.world.now - clone.fetched_at(full)
        known = clone.resolve(full)
        if known is None or self.all_refs or not 0 <= age < self.world.settings.ttl:
            try:
                if self.all_refs:
                    clone.fetch_all()
                if not self.all_refs or full == "HEAD":
                    clone.fetch(full, lambda: self.world.now)
            except GitFetchError as error:
                if known is None:
                    raise
                self.world.warn(
                    f"could not update local clone of Git repository '{shown(self.url)}'; continuing with the most recent version"
                    f" ({as_bytestr(error.message.partition(chr(10))[0])})"
                )
            known = clone.resolve(full)
        if known is None:
            raise FetchingError(f"the Git repository '{shown(self.url)}' has no ref '{full}'")
        return _commit(known)

    def _bring_commit(self, clone: GitClone, rev: Hash, full: str) -> None:
        """What the ref has, else all refs, else the commit by its name, as current Nix: 2.8 stops after the ref."""
        commit = rev.base16()
        if clone.has(commit):
            return
        if self.shallow and clone.fetch_commit(commit):
            return
        if self.all_refs:
            clone.fetch_all()
        else:
            clone.fetch(full, lambda: self.world.now)
        if clone.has(commit) or clone.fetch_commit(commit):
            return
        raise FetchingError(
            f"Cannot find Git revision '{commit}' in ref '{full}' of repository '{shown(self.url)}'! Please make sure that the"
            " rev exists on the ref you've specified or add allRefs = true; to fetchGit."
        )

    # -- a commit --------------------------------------------------------------------------------------------------------

    def _take(self, rev: Hash, ref: str, where: tuple[str, ...], *, remember: Info | None = None) -> tuple[StorePath, Input]:
        _check_rev(rev)
        if not self.shallow and self.git.line(*where, "rev-parse", "--is-shallow-repository") == "true":
            raise FetchingError(f"'{shown(self.url)}' is a shallow Git repository, but a non-shallow repository is needed")
        found = self.world.fresh(self._locked(rev))
        if found is not None:
            if remember is not None:
                self.world.remember(remember, found[1], {**found[0].info, "rev": rev.base16()}, False)
            return found[1], self._with_info(found[0].info, rev)
        commit = rev.base16()
        if self.git.run(*where, "cat-file", "-e", commit + "^{commit}").status:
            raise FetchingError(
                f"Cannot find Git revision '{commit}' in ref '{ref}' of repository '{shown(self.url)}'! Please make sure that the"
                " rev exists on the ref you've specified or add allRefs = true; to fetchGit."
            )
        path = self._tree(commit, where)
        info: dict[str, str | int | bool] = {
            "rev": commit,
            "lastModified": int(self.git.line(*where, "log", "-1", "--format=%ct", "--no-show-signature", commit)),
        }
        if not self.shallow:
            info["revCount"] = int(self.git.line(*where, "rev-list", "--count", commit))
        if remember is not None:
            self.world.remember(remember, path, info, False)
        self.world.remember(self._locked(rev), path, info, True)
        return path, self._with_info(info, rev)

    def _tree(self, commit: str, where: tuple[str, ...]) -> StorePath:
        with self.world.store.making() as folder:
            os.mkdir(folder)
            if self.submodules or not self.export:
                check_out(self.world, folder, where, commit, self.outside, follow=self.submodules, files=self.from_file)
            else:
                with self.git.piped(*where, "archive", "--format=tar", commit) as pipe:
                    unpack_all(ByteStream(pipe.read), folder)
                    pipe.finish()
            return self.world.move_in(folder, self.given.name)


def _commit(text: str) -> Hash:
    return Hash("sha1" if len(text) == 40 else "sha256", bytes.fromhex(text))


def _check_rev(rev: Hash) -> None:
    if rev.algo not in {"sha1", "sha256"}:
        raise FetchingError(f"Hash '{rev.algo}:{rev.base16()}' is not supported by Git. Supported types are sha1 and sha256.")


def _hint(said: str, path: str) -> str | None:
    if "dubious ownership" in said:
        return f"if you trust its owner: git config --global --add safe.directory {path}"
    return None
