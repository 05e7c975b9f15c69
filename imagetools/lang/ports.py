"""The only door from the language to the world.

Everything that an evaluation can learn from outside comes through an ``EvalIO``: so the language suite runs on a tree in
memory, and so an
evaluation can record all that it has read. It is no file system library: each method is what one construct of Nix needs. All
texts are bytestr (latin-1), all paths absolute and logical (``/nix/store/...`` whatever the physical store is).
"""

from typing import Protocol


class EvalIO(Protocol):
    """What the evaluator may ask for. Methods raise ``EvalError`` (or another ImagetoolsError) where the thing asked for is
    not there."""

    @property
    def store_dir(self) -> str:
        """``/nix/store``"""
        ...

    def read_file(self, path: str) -> bytes:
        """The bytes of a regular file; follows symlinks."""
        ...

    def read_dir(self, path: str) -> dict[str, str]:
        """name -> "regular" | "directory" | "symlink" | "unknown"."""
        ...

    def kind(self, path: str) -> str | None:
        """lstat: "regular" | "directory" | "symlink" | "unknown", None if there is nothing."""
        ...

    def read_link(self, path: str) -> str:
        """The target of a symlink as it is written."""
        ...

    def get_env(self, name: str) -> str:
        """The environment variable, "" if unset."""
        ...

    def now(self) -> int:
        """Seconds since the epoch (``builtins.currentTime``)."""
        ...

    def home(self) -> str:
        """The home folder, for ``~/x``."""
        ...

    def cwd(self) -> str:
        """The folder that relative search path entries start from."""
        ...

    def trace(self, text: str) -> None:
        """Show a line to the person (``builtins.trace``), on standard error."""
        ...

    def copy_to_store(self, path: str) -> str:
        """Copy a file or tree into the store (``"${./x}"``); the text of its store path."""
        ...

    def is_in_store(self, path: str) -> bool:
        """Whether the path lies below the store folder."""
        ...

    def references(self, path: str) -> frozenset[str]:
        """The store paths that the store object at (or around) ``path`` refers to; none where nobody knows."""
        ...

    def parse_cache_get(self, key: str) -> bytes | None:
        """A parse result kept earlier."""
        ...

    def parse_cache_put(self, key: str, data: bytes) -> None:
        """Keep a parse result; may forget it."""
        ...

    def ensure(self, context: frozenset[str]) -> None:
        """Make what a context names exist, by building (import from derivation)."""
        ...

    def find_file_download(self, url: str) -> str | None:
        """The unpacked folder of a search path entry that is a URL; None when it cannot be had."""
        ...
