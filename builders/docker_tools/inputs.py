"""The inputs of the build: which store paths are among them, and their closures. Asked often, so answers are kept."""

from collections.abc import Iterable

from imagetools.builtin.api import BuiltinContext, BuiltinError
from imagetools.formats.closure import Closure
from imagetools.formats.store_path import StorePath


class Inputs:
    """One for each build."""

    def __init__(self, ctx: BuiltinContext) -> None:
        self._ctx = ctx
        self._known: set[StorePath] = set()
        self._strange: set[StorePath] = set()

    def __contains__(self, path: StorePath) -> bool:
        if path in self._known:
            return True
        if path in self._strange:
            return False
        try:
            self.closure((path,))
        except BuiltinError:
            self._strange.add(path)
            return False
        return True

    def closure(self, paths: Iterable[StorePath]) -> Closure:
        """The closure of some inputs; of none it is empty. Raises BuiltinError for what is no input."""
        closure = self._ctx.closure([self._ctx.store_dir.join(path) for path in sorted(paths)])
        self._known.update(closure.members)
        return closure
