"""The world of an evaluation that may not see all of it: ``--restrict-eval`` and ``--pure-eval`` (rows 5.048, 5.049).

Every look at a file goes through one check, ``RestrictedIO.check``: the path as it is written must lie below something allowed,
and so must the place where its symlinks lead. The first comes first, so that no link outside is ever followed (the message would
tell its target). Allowed are the entries of the search path (none in pure mode), what this evaluation has put into the store,
outputs that it has realised, what it has fetched, Nix's own files and texts made by ``toFile``. Files named on a command line
are not, as in Nix.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from imagetools.formats.store_path import StorePathError
from imagetools.instantiate.io import LINKS_MAX, Build, StoreIO
from imagetools.lang.runtime.coerce import canonical
from imagetools.lang.runtime.errors import EvalError, RestrictedPath, RestrictedUri
from imagetools.lang.runtime.search_path import OWN_FILES
from imagetools.store.ports import InvalidPathError, Store

RESTRICTED: Final = "restricted mode"
PURE: Final = "pure evaluation mode"
_DOTS: Final = frozenset({".", "..", "%2e", ".%2e", "%2e.", "%2e%2e"})


def meant_by(uri: str) -> str:
    """A URI where whoever fetches would arrive: without `.` and `..`; of a `file:` URI the path alone, without escapes."""
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return uri
    if scheme.rpartition("+")[2] == "file":
        path = _unescaped(re.split("[?#]", rest)[0])
        return f"{scheme}://{canonical(path).rstrip('/')}" + ("/" if path.endswith("/") else "")
    host, slash, path = rest.partition("/")
    names = [_unescaped(name) if name.lower() in _DOTS else name for name in path.split("/")]
    if not {".", ".."} & {*names}:
        return uri
    kept: list[str] = []
    for name in names:
        if name == "..":
            kept = kept[:-1]
        elif name != ".":
            kept.append(name)
    return f"{scheme}://{host}{slash}{'/'.join(kept)}"


def _unescaped(text: str) -> str:
    """Without percent escapes; what is none stays, as for who downloads."""
    return re.sub("%([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), text)


def _begins(uri: str, prefix: str) -> bool:
    return bool(prefix) and uri.startswith(prefix) and (prefix.endswith("/") or uri[len(prefix) :][:1] in {"", "/"})


class RestrictedIO(StoreIO):
    """``StoreIO`` with a guard at each door. ``pure``: the environment and the home folder are unknown too."""

    def __init__(
        self,
        store: Store,
        *,
        cache: str,
        home: str,
        environment: Mapping[str, str],
        now: int,
        say: Callable[[str], None],
        read_only: bool = False,
        pure: bool = False,
        write: Callable[[], object] = lambda: None,
        build: Build | None = None,
    ) -> None:
        super().__init__(
            store,
            cache=cache,
            home=home,
            environment=environment,
            now=now,
            say=say,
            read_only=read_only,
            pure=pure,
            write=write,
            build=build,
        )
        self.allowed_uris: tuple[str, ...] | None = () if not pure else None
        self._allowed: set[str] = set()
        self._checked: set[str] = set()

    # -- what is allowed -----------------------------------------------------------------------------------------------

    def allow(self, path: str) -> None:
        """Let a logical path and all below it be read."""
        self._allowed.add(canonical(path))

    def allow_entry(self, path: str) -> None:
        """An entry of the search path: the path, where it leads, and for a store path all that it refers to."""
        self.allow(path)
        real = self._real(canonical(path))
        self.allow(real)
        if self.is_in_store(real):
            store_dir = self.store.store_dir
            try:
                for member in self.store.closure([store_dir.parse_prefix(real)[0]]).members:
                    self.allow(store_dir.join(member))
            except (InvalidPathError, StorePathError):
                return

    def check(self, path: str) -> None:
        """Raises RestrictedPath where ``path``, or what it leads to, is not allowed."""
        if path in self._checked or path in self.texts:
            return
        mode = PURE if self.pure else RESTRICTED
        hint = "leave out --pure-eval to allow it" if self.pure else None
        plain = canonical(path)
        if plain.startswith(OWN_FILES):
            return
        if not self._is_allowed(plain):
            raise RestrictedPath(plain, mode, hint=hint)
        real = self._real(plain)
        if not self._is_allowed(real):
            raise RestrictedPath(real, mode, "canonical", hint)
        self._checked.add(path)

    def check_uri(self, uri: str) -> None:
        """Nix quirks: a prefix ends at a slash, or allows what goes on with one; pure evaluation alone forbids no URI.

        What counts is where the URI leads: `..` and percent escapes are undone first, unlike in Nix.
        """
        if self.allowed_uris is None:
            return
        meant = meant_by(uri)
        for prefix in self.allowed_uris:
            if _begins(uri, prefix) and _begins(meant, meant_by(prefix)):
                return
        if uri.startswith("/"):
            self.check(uri)
        elif uri.startswith("file://"):
            self.check(uri.removeprefix("file://"))
            self.check(meant.removeprefix("file://"))
        else:
            raise RestrictedUri(uri)

    def _is_allowed(self, path: str) -> bool:
        while path not in self._allowed:
            if path in {"/", ""}:
                return False
            path = path.rpartition("/")[0] or "/"
        return True

    def _real(self, path: str) -> str:
        """A canonical path with every symlink in it followed; what does not exist stays as it is."""
        done = ""
        todo = path.split("/")[:0:-1]
        links = 0
        while todo:
            name = todo.pop()
            if name in {"", "."}:
                continue
            if name == "..":
                done = done.rpartition("/")[0]
                continue
            here = f"{done}/{name}"
            if self._kind(here) != "symlink":
                done = here
                continue
            links += 1
            if links > LINKS_MAX:
                raise EvalError(f"infinite symlink recursion in path '{path}'")
            target = super().read_link(here)
            todo += target.split("/")[::-1]
            if target.startswith("/"):
                done = ""
        return done or "/"

    def _kind(self, path: str) -> str | None:
        try:
            return super().kind(path)
        except (EvalError, StorePathError):
            return None

    # -- the doors -------------------------------------------------------------------------------------------------------

    def read_file(self, path: str) -> bytes:
        self.check(path)
        return super().read_file(path)

    def read_dir(self, path: str) -> dict[str, str]:
        self.check(path)
        return super().read_dir(path)

    def kind(self, path: str) -> str | None:
        self.check(path)
        return super().kind(path)

    def read_link(self, path: str) -> str:
        self.check(path)
        return super().read_link(path)

    def references(self, path: str) -> frozenset[str]:
        self.check(path)
        return super().references(path)

    def find_file_download(self, url: str) -> str | None:
        """An entry of the search path is allowed, whatever it is."""
        found = super().find_file_download(url)
        if found is not None:
            self.allow_entry(found)
        return found

    def add_path(
        self,
        path: str,
        name: str,
        method: str,
        keep: Callable[[str, str], bool] | None = None,
        *,
        fixed: bool = False,
        references: frozenset[str] = frozenset(),
    ) -> str:
        """Nix quirk: in pure mode a path with a known hash may be copied from anywhere."""
        if not (self.pure and fixed):
            self.check(path)
        made = super().add_path(path, name, method, keep, fixed=fixed, references=references)
        self.allow(made)
        return made

    def ensure(self, context: frozenset[str]) -> None:
        """Outputs that this evaluation has realised may be read, with all that they refer to."""
        super().ensure(context)
        store_dir = self.store.store_dir
        for element in context:
            if element.startswith("!"):
                _, output, path = element.split("!", 2)
                made = self.store.derivation_outputs(store_dir.parse(path))[output]
                for member in self.store.closure([made]).members:
                    self.allow(store_dir.join(member))

    def get_env(self, name: str) -> str:
        return ""

    def home(self) -> str:
        if self.pure:
            raise EvalError("paths that begin with '~/' cannot be resolved in pure evaluation mode")
        return super().home()
