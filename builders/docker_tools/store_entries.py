"""/nix/store in a layer: the folders above it, and the store objects whole (row 2.039: bytes depend on the store paths only)."""

from collections.abc import Iterable, Iterator

from imagetools.builtin.api import BuiltinContext, BuiltinError
from imagetools.formats.store_path import StorePath
from imagetools.image_io.entries import Entry, directory, walk
from imagetools.kernel.bytestr import to_bytes

from .store_view import StoreView


class MissingObjectError(BuiltinError):
    """A store object that belongs into the image is no input of the build."""

    fault = "ours"

    def __init__(self, path: str) -> None:
        super().__init__(f"'{path}' belongs into the image, but is no input of its derivation")
        self.path = path


class StoreFolder:
    """``folder_mode`` is that of /nix and /nix/store."""

    def __init__(self, ctx: BuiltinContext, view: StoreView, folder_mode: int) -> None:
        self._dir = ctx.store_dir
        self._view = view
        self._mode = folder_mode

    def name_of(self, path: StorePath) -> bytes:
        """The name of a store object in a layer."""
        return to_bytes(self._dir.join(path)).lstrip(b"/")

    def entries(self, paths: Iterable[StorePath]) -> Iterator[Entry]:
        """The folders above, then the objects in the order given. Raises MissingObjectError, OSError."""
        parts = to_bytes(self._dir.path).strip(b"/").split(b"/")
        for end in range(1, len(parts) + 1):
            yield directory(b"/".join(parts[:end]), self._mode)
        for path in paths:
            logical = self._dir.join(path)
            place = self._view.physical(to_bytes(logical))
            if place is None:
                raise MissingObjectError(logical)
            yield from walk(place, self.name_of(path))
