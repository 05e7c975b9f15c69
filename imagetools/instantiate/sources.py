"""The builtins that put files into the store: ``path``, ``filterSource``, ``toFile``, ``storePath`` (rows 5.079, 5.108, 5.124).

Nix quirk: a filter is called with the *logical* path of each member and its kind, depth first in the order of names; a folder
that it refuses is not looked into.
"""

from collections.abc import Callable
from typing import Final

from imagetools.formats.addressing import fixed_path
from imagetools.formats.store_path import StoreDir, StorePath, StorePathError
from imagetools.instantiate.io import StoreIO, check_object_name
from imagetools.instantiate.known import Known
from imagetools.kernel.bytestr import to_bytes
from imagetools.kernel.hashes import Hash
from imagetools.lang.runtime.coerce import base_name, to_path
from imagetools.lang.runtime.errors import EvalError, NotPure
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.values.model import make_string
from imagetools.store.ports import TextObject

PATH_ARGUMENTS: Final = ("path", "name", "filter", "recursive", "sha256")


class Sources:
    """The builtins over one evaluation's store."""

    def __init__(self, io: StoreIO, known: Known) -> None:
        self.io = io
        self.known = known

    @property
    def _store_dir(self) -> StoreDir:
        return self.io.store.store_dir

    def path(self, m: Machine, attrs: object) -> object:
        """A copy of a file or folder in the store, as a string with context: ``{ path, name, filter, recursive, sha256 }``.

        ``name`` is the last part of ``path`` unless given; ``filter path type`` says what to keep; with ``recursive = false``
        it is one file by its flat hash. Fails on a ``sha256`` that is not the hash, and on other arguments. With
        ``--pure-eval`` a path outside the store needs ``sha256``. Example: ``builtins.path { path = ./src; name = "source";
        }``. Row 5.108.
        """
        given = m.attrs(attrs)
        for argument in sorted(given.d):
            if argument not in PATH_ARGUMENTS:
                raise EvalError(f"unsupported argument '{argument}' to 'builtins.path'")
        if "path" not in given.d:
            raise EvalError("missing required 'path' attribute in the first argument to 'builtins.path'")
        context: set[str] = set()
        path = to_path(m, given.d["path"], context)
        name = m.string(given.d["name"]) if "name" in given.d else base_name(path)
        function = m.function(given.d["filter"]) if "filter" in given.d else None
        recursive = m.bool(given.d["recursive"]) if "recursive" in given.d else True
        expected = Hash.parse(m.string(given.d["sha256"]), "sha256") if "sha256" in given.d else None
        return self._add(m, path, name, context, function, "nar" if recursive else "flat", expected)

    def filter_source(self, m: Machine, function: object, path: object) -> object:
        """A copy of a folder in the store, without what ``predicate path type`` refuses; ``type`` is "regular", "directory",
        "symlink" or "unknown".

        Fails on files that are none of the first three and not refused. Example: ``builtins.filterSource (path: type: type !=
        "symlink") ./src``. Row 5.079.
        """
        context: set[str] = set()
        text = to_path(m, path, context)
        m.function(function, "while evaluating the first argument passed to builtins.filterSource")
        return self._add(m, text, base_name(text), context, function, "nar", None)

    def _add(
        self, m: Machine, path: str, name: str, context: set[str], function: object | None, method: str, expected: Hash | None
    ) -> object:
        check_object_name(name)
        try:
            if context:
                m.io.ensure(frozenset(context))
            return self._copy(m, path, name, function, method, expected)
        except EvalError as error:
            error.push(f"while adding path '{path}'")
            raise

    def _copy(self, m: Machine, path: str, name: str, function: object | None, method: str, expected: Hash | None) -> object:
        """Nix quirk: a copy of something in the store refers to all that its store object refers to."""
        wanted = None
        if expected is not None:
            wanted = self._store_dir.join(fixed_path(self._store_dir, name, method, expected))
            if self.io.store.is_valid(self._store_dir.parse(wanted)):
                if not self.io.pure:
                    self.io.check(path)
                self.io.allow(wanted)
                self.io.relied_on(wanted)
                return make_string(wanted, {wanted})
        keep = None if function is None else _predicate(m, function)
        plain = method == "flat" or wanted is not None or not self.io.is_in_store(path)
        references = frozenset[str]() if plain else self.io.references(path)
        made = self.io.add_path(path, name, method, keep, fixed=wanted is not None, references=references)
        if wanted is not None and made != wanted:
            raise EvalError(f"store path mismatch in (possibly filtered) path added from '{path}'")
        return make_string(made, {made})

    def to_file(self, m: Machine, name: object, text: object) -> object:
        """A text as a file in the store; ``text`` may mention other store files.

        Fails where it mentions outputs of derivations (which need not be built yet), or ``name`` is no name of a store object.
        Example: ``builtins.toFile "greeting" "hello"``. Row 5.124.
        """
        wanted = m.string(name)
        content, context = m.string_ctx(text)
        check_object_name(wanted)
        references: list[StorePath] = []
        for element in sorted(context):
            if not element.startswith("/"):
                shown = element.replace(f"{self._store_dir.path}/", "")
                raise EvalError(
                    f"files created by builtins.toFile may not reference derivations, but {wanted} references {shown}"
                )
            references.append(self._store_dir.parse(element))
        data = to_bytes(content)
        path = self.known.add_text(TextObject(wanted, data, tuple(references)))
        self.io.texts[path] = data
        self.io.text_references[path] = frozenset(context)
        return make_string(path, {path})

    def store_path(self, m: Machine, path: object) -> object:
        """A valid store path, or something in one, as a string that depends on it; symlinks that lead there are followed.

        Fails on any other path, and with ``--pure-eval``. Nix quirk: where nothing is written (``eval``), nobody asks whether
        the store path is valid. Example: ``builtins.storePath
        /nix/store/8ha1dhmx807czjczmwy078s4r9s254il-hello-2.12``.
        """
        if self.io.pure:
            raise NotPure("builtins.storePath")
        context: set[str] = set()
        text = self._resolved(to_path(m, path, context))
        self.io.check(text)
        try:
            store_path, _ = self._store_dir.parse_prefix(text)
        except StorePathError:
            raise EvalError(f"path '{text}' is not in the Nix store") from None
        if not self.io.read_only and not self.known.is_known(store_path):
            raise EvalError(f"path '{self._store_dir.join(store_path)}' is not valid")
        if self.io.store.is_valid(store_path):
            self.io.relied_on(self._store_dir.join(store_path))
        context.add(self._store_dir.join(store_path))
        return make_string(text, context)

    def _resolved(self, path: str) -> str:
        """The path behind a symlink outside the store (Nix: an argument may be a result link)."""
        for _ in range(100):
            if self.io.is_in_store(path) or self.io.kind(path) != "symlink":
                return path
            target = self.io.read_link(path)
            path = target if target.startswith("/") else path.rpartition("/")[0] + "/" + target
        return path


def _predicate(m: Machine, function: object) -> Callable[[str, str], bool]:
    def keep(path: str, kind: str) -> bool:
        return m.bool(m.apply2(function, path, kind))

    return keep
