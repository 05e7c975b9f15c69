"""The evaluator: files and texts in, values out.

It joins parser, nodes, builtins and machine, and is the ``Loader`` behind ``import``. It does not print, build or know what
a command line is.
Each file is parsed and evaluated once per evaluator (by its real path); what the parser made is kept through ``EvalIO``, so
that the next process need not parse. Run everything inside ``runtime.bigstack.run``.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from imagetools import __version__
from imagetools.lang.builtins.spec import BuiltinSpec
from imagetools.lang.builtins.table import install
from imagetools.lang.nodes.base import Tree, Unit
from imagetools.lang.nodes.build import FileUnit
from imagetools.lang.ports import EvalIO
from imagetools.lang.runtime import selection
from imagetools.lang.runtime.coerce import canonical, dir_name
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.runtime.machine import Loader, Machine
from imagetools.lang.runtime.positions import NO_FILES, STRING, Source
from imagetools.lang.syntax import cache
from imagetools.lang.values.model import STACK, Attrs, Code, Thunk

MAX_LINKS: Final = 1024
NO_SCOPE: Final[tuple[str, ...]] = ()
DEFAULT_VERSION: Final = "2.18.0"


class TooManyLinks(EvalError):
    """A path leads through a cycle of symlinks."""

    def __init__(self, path: str) -> None:
        super().__init__(f"too many symbolic links encountered while traversing the path '{path}'")


class NoSuchFile(EvalError):
    """A file to evaluate is not there."""

    def __init__(self, path: str) -> None:
        super().__init__(f"path '{path}' does not exist")
        self.path = path


class CyclicImport(EvalError):
    """The value of a file needs the value of the same file."""

    def __init__(self, path: str) -> None:
        super().__init__(f"infinite recursion encountered: the value of the file '{path}' is needed to compute it")
        self.path = path


class Watcher:
    """Who watches an evaluation (``lang/watching.py`` has the one there is): it makes the nodes."""

    def observe(self, machine: Machine) -> None:
        """Before anything is evaluated, when the builtins are there."""
        raise NotImplementedError

    def root(self, machine: Machine, source: Source, base_dir: str, tree: Tree) -> Code:
        """The node of a whole file."""
        raise NotImplementedError


class Files(Loader):
    """``import``: a file's value, evaluated once."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.values: dict[str, object] = {}
        self.real: dict[str, str] = {}
        self.running: set[str] = set()
        self.globals: frozenset[str] = frozenset()
        self.watcher: Watcher | None = None

    def load(self, path: str) -> object:
        resolved = self.real.get(path)
        if resolved is None:
            resolved = self.resolve(path)
            self.real[path] = resolved
        if resolved in self.values:
            return self.values[resolved]
        if resolved in self.running:
            raise CyclicImport(resolved)
        self.running.add(resolved)
        try:
            value = self.evaluate(resolved, NO_SCOPE, [None])
        finally:
            self.running.discard(resolved)
        self.values[resolved] = value
        return value

    def load_scoped(self, scope: Attrs, path: str) -> object:
        names = sorted(scope.d)
        env: list[object] = [None]
        for name in names:
            env.append(scope.d[name])
        return self.evaluate(self.resolve(path), tuple(names), env)

    def evaluate(self, path: str, scope: tuple[str, ...], env: list[object]) -> object:
        """The value of the file at a resolved path."""
        STACK.enter()
        try:
            value = self.parsed(self.machine.io.read_file(path), path, dir_name(path), scope, False).eval(env)
        except EvalError as error:
            error.push_file(path)
            raise
        STACK.depth -= 1
        return value

    def resolve(self, path: str) -> str:
        """The file that a path means: symlinks at its end are followed, a folder means its default.nix."""
        io = self.machine.io
        path = canonical(path)
        links = 0
        kind = io.kind(path)
        while kind == "symlink":
            links += 1
            if links >= MAX_LINKS:
                raise TooManyLinks(path)
            target = io.read_link(path)
            path = canonical(target if target.startswith("/") else dir_name(path) + "/" + target)
            kind = io.kind(path)
        if kind is None:
            raise NoSuchFile(path)
        if kind == "directory":
            return canonical(path + "/default.nix")
        return path

    def parsed(self, source: bytes, file: str, base_dir: str, scope: tuple[str, ...], inline: bool) -> Code:
        """The node of a text. ``inline``: the text is no file that could be read again."""
        io = self.machine.io
        key = ""
        tree: tuple[object, ...] | None = None
        kept = file not in NO_FILES  # what a person has typed
        if kept:
            key = cache.key(source, self.globals, __version__, scope)
            data = io.parse_cache_get(key)
            if data is not None:
                tree = cache.decode(data)
        if tree is None:
            from imagetools.lang.syntax.parser import parse_file  # noqa: PLC0415  (3 ms, if all files are in the cache for nothing)

            tree = parse_file(source, NO_FILES.get(file, file), self.globals, scope)
            encoded = cache.encode(tree) if kept else None
            if encoded is not None:
                io.parse_cache_put(key, encoded)
        expr, starts = tree
        assert isinstance(expr, tuple) and isinstance(starts, bytes)
        place = Source(file, starts, source if inline else None)
        if self.watcher is not None:
            return self.watcher.root(self.machine, place, base_dir, expr)
        unit: Unit = FileUnit(self.machine, place, base_dir)
        return unit.build(expr)


class Evaluator:
    """One evaluation. ``extra`` are builtins from outside (those that need a store); ``sources`` are globals written in Nix:
    name -> (file name to show, text), evaluated when first used; ``search_path`` as in Machine. ``pure``: no search path, no
    time, no system (what else it forbids is the matter of ``io``). ``watcher``: see lang/watching.py."""

    def __init__(
        self,
        io: EvalIO,
        extra: Sequence[BuiltinSpec] = (),
        sources: Mapping[str, tuple[str, bytes]] | None = None,
        system: str = "x86_64-linux",
        search_path: Sequence[tuple[str, str]] = (),
        nix_version: str = DEFAULT_VERSION,
        pure: bool = False,
        watcher: Watcher | None = None,
    ) -> None:
        self.machine = Machine(io, system, [] if pure else list(search_path))
        self.machine.pure = pure
        self.files = Files(self.machine)
        self.machine.loader = self.files
        lazies: dict[str, object] = {}
        if sources is not None:
            for name, (file, text) in sources.items():
                lazies[name] = Thunk(TextCode(self.files, file, text), [None])
        install(self.machine, extra, lazies, nix_version)
        if watcher is not None:
            watcher.observe(self.machine)
        self.files.watcher = watcher
        self.files.globals = frozenset(self.machine.globals)

    def eval_file(self, path: str) -> object:
        """The value of a file (absolute path; a folder means its default.nix), forced."""
        return self.files.load(path)

    def eval_string(self, text: bytes, base_dir: str = "/", origin: str = STRING) -> object:
        """The value of a text, forced; relative paths in it start from ``base_dir``. ``origin``: what it is instead of a file
        (``positions.NO_FILES``)."""
        return self.files.parsed(text, origin, base_dir, NO_SCOPE, True).eval([None])

    def auto_call(self, v: object, args: Mapping[str, object]) -> object:
        """See ``selection.auto_call``."""
        return selection.auto_call(self.machine, v, args)

    def select_path(self, v: object, path: str, args: Mapping[str, object]) -> object:
        """See ``selection.select_path``."""
        return selection.select_path(self.machine, v, path, args)

    def read_source(self, file: str) -> bytes | None:
        """The text of a file for ``report.render``; None if it cannot be read."""
        try:
            return self.machine.io.read_file(file)
        except Exception:
            return None


class TextCode(Code):
    """A global that is written in Nix, parsed when it is first used."""

    def __init__(self, files: Files, file: str, text: bytes) -> None:
        self.files = files
        self.file = file
        self.text = text

    def eval(self, env: list[object]) -> object:
        return self.files.parsed(self.text, self.file, "/", NO_SCOPE, True).eval(env)
