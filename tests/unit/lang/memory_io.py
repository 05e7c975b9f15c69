"""A world in memory: files, folders and symlinks by path, for the language's tests. A real small ``EvalIO``, not a mock."""

import hashlib
from collections.abc import Mapping

from imagetools.lang.runtime.coerce import base_name, canonical, dir_name
from imagetools.lang.runtime.errors import EvalError


class Link:
    """A symlink in the tree."""

    def __init__(self, target: str) -> None:
        self.target = target


class MemoryIO:
    """``files`` maps absolute paths to bytes, text or a Link; folders exist where something lies below them."""

    def __init__(self, files: Mapping[str, bytes | str | Link] | None = None, env: Mapping[str, str] | None = None) -> None:
        self.files: dict[str, bytes | Link] = {}
        for path, content in (files or {}).items():
            self.files[path] = content.encode() if isinstance(content, str) else content
        self.env = dict(env or {})
        self.traces: list[str] = []
        self.reads: list[str] = []
        self.cache: dict[str, bytes] = {}
        self.copies: list[str] = []
        self.ensured: list[frozenset[str]] = []
        self.store: dict[str, str] = {}
        self.refs: dict[str, frozenset[str]] = {}

    @property
    def store_dir(self) -> str:
        return "/nix/store"

    def real(self, path: str, last: bool = True) -> str:
        """The path with symlinks followed (the last one too, if ``last``)."""
        path = canonical(path)
        done = ""
        parts = [part for part in path.split("/") if part]
        for i, part in enumerate(parts):
            here = f"{done}/{part}"
            entry = self.files.get(here)
            if isinstance(entry, Link) and (last or i < len(parts) - 1):
                target = entry.target if entry.target.startswith("/") else f"{done}/{entry.target}"
                rest = "/".join(parts[i + 1 :])
                return self.real(f"{target}/{rest}", last)
            done = here
        return done or "/"

    def read_file(self, path: str) -> bytes:
        self.reads.append(path)
        content = self.files.get(self.real(path))
        if not isinstance(content, bytes):
            raise EvalError(f"path '{path}' does not exist")
        return content

    def read_dir(self, path: str) -> dict[str, str]:
        folder = self.real(path)
        prefix = "/" if folder == "/" else folder + "/"
        found: dict[str, str] = {}
        for name in {other[len(prefix) :].split("/")[0] for other in self.files if other.startswith(prefix)}:
            found[name] = self.kind(prefix + name) or "unknown"
        if not found:
            raise EvalError(f"path '{path}' does not exist")
        return found

    def kind(self, path: str) -> str | None:
        place = self.real(path, last=False)
        entry = self.files.get(place)
        if isinstance(entry, Link):
            return "symlink"
        if isinstance(entry, bytes):
            return "regular"
        prefix = "/" if place == "/" else place + "/"
        return "directory" if any(other.startswith(prefix) for other in self.files) else None

    def read_link(self, path: str) -> str:
        entry = self.files.get(self.real(path, last=False))
        if not isinstance(entry, Link):
            raise EvalError(f"reading symbolic link '{path}': Invalid argument")
        return entry.target

    def get_env(self, name: str) -> str:
        return self.env.get(name, "")

    def now(self) -> int:
        return 1_600_000_000

    def home(self) -> str:
        return "/home/someone"

    def cwd(self) -> str:
        return "/work"

    def trace(self, text: str) -> None:
        self.traces.append(text)

    def copy_to_store(self, path: str) -> str:
        if self.kind(path) is None:
            raise EvalError(f"path '{path}' does not exist")
        self.copies.append(path)
        part = hashlib.sha256(path.encode()).hexdigest()[:32].translate(str.maketrans("eotu", "wxyz"))
        return f"{self.store_dir}/{part}-{base_name(path)}"

    def is_in_store(self, path: str) -> bool:
        return path.startswith(self.store_dir + "/") and dir_name(path) != ""

    def references(self, path: str) -> frozenset[str]:
        return self.refs.get("/".join(path.split("/")[:4]), frozenset())

    def parse_cache_get(self, key: str) -> bytes | None:
        return self.cache.get(key)

    def parse_cache_put(self, key: str, data: bytes) -> None:
        self.cache[key] = data

    def ensure(self, context: frozenset[str]) -> None:
        self.ensured.append(context)

    def find_file_download(self, url: str) -> str | None:
        return None
