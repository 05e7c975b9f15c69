"""The derivations that an evaluation has made or met, with their masked hashes, and those still to be written.

Hashing a derivation needs the hashes of all its inputs; they are remembered for the whole evaluation. Files are written in
one transaction
by :meth:`Known.flush`, since a store operation for each of hundreds of derivations would cost more than evaluating them.
"""

from typing import Final

from imagetools.formats.addressing import text_path
from imagetools.formats.derivation import Derivation
from imagetools.formats.modulo import hash_modulo
from imagetools.formats.store_path import StorePath
from imagetools.instantiate.assemble import Parts, assemble
from imagetools.kernel.graph import reachable, topological
from imagetools.kernel.hashes import Hash
from imagetools.store.ports import Store, TextObject


class Made:
    """A derivation and the logical path of its ``.drv`` file."""

    def __init__(self, derivation: Derivation, path: str) -> None:
        self.derivation: Final = derivation
        self.path: Final = path


class Known:
    """All derivations of one evaluation; what it did not make itself is read from the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._made: dict[str, Made] = {}
        self._hashes: dict[str, Hash] = {}
        self._paths: dict[str, StorePath] = {}
        self._pending: dict[str, TextObject] = {}

    def add(self, parts: Parts) -> Made:
        """Finish a derivation and remember it to be written. Raises AssemblyError and what the formats raise."""
        done = assemble(parts, self._store.store_dir, self.hash_of)
        derivation = done.derivation
        store_dir = self._store.store_dir
        references = tuple([self._store_path(path) for path in sorted({*derivation.input_srcs, *derivation.input_drvs})])
        name = parts.name + ".drv"
        store_path = text_path(store_dir, name, done.text, references)
        path = store_dir.join(store_path)
        known = self._made.get(path)
        if known is None:
            known = self._made[path] = Made(derivation, path)
            self._hashes[path] = done.modulo
            self._paths[path] = store_path
            self._pending[path] = TextObject(name, done.text, references, store_path, derivation.output_paths())
        return known

    def _store_path(self, path: str) -> StorePath:
        """The store path of a logical one. Most are asked for again and again."""
        found = self._paths.get(path)
        if found is None:
            found = self._paths[path] = self._store.store_dir.parse(path)
        return found

    def add_text(self, text: TextObject) -> str:
        """Remember a text (``toFile``) to be written; gives its logical path."""
        store_path = text_path(self._store.store_dir, text.name, text.data, text.references)
        path = self._store.store_dir.join(store_path)
        self._pending.setdefault(path, TextObject(text.name, text.data, text.references, store_path))
        return path

    def get(self, path: str) -> Made:
        """The derivation at a logical path. Raises InvalidPathError where neither this evaluation nor the store has it."""
        made = self._made.get(path)
        if made is None:
            made = self._made[path] = Made(self._store.read_derivation(self._store.store_dir.parse(path)), path)
        return made

    def hash_of(self, path: str) -> Hash:
        """The hash modulo of a derivation, computed once, its inputs first (iteratively: a chain may be thousands long)."""
        found = self._hashes.get(path)
        if found is None:
            for needed in topological([path], self._unhashed_inputs):
                if needed not in self._hashes:
                    self._hashes[needed] = hash_modulo(self.get(needed).derivation, self._hashes.__getitem__)
            found = self._hashes[path]
        return found

    def _unhashed_inputs(self, path: str) -> list[str]:
        return [name for name in self.get(path).derivation.input_drvs if name not in self._hashes]

    def requisites(self, path: str) -> list[str]:
        """The closure of a derivation as a file: all derivations and sources below it, itself included; sorted logical paths."""
        return sorted(reachable([path], self._references))

    def _references(self, path: str) -> list[str]:
        pending = self._pending.get(path)
        store_dir = self._store.store_dir
        if pending is not None:
            return [store_dir.join(reference) for reference in pending.references]
        info = self._store.query(store_dir.parse(path))
        return [] if info is None else [store_dir.join(reference) for reference in info.references]

    def flush(self) -> None:
        """Write everything that is not written yet, in one transaction."""
        if self._pending:
            self._store.add_texts(list(self._pending.values()))
            self._pending.clear()

    def is_known(self, path: StorePath) -> bool:
        """Whether the path is valid, or will be once :meth:`flush` has run."""
        return self._store.store_dir.join(path) in self._pending or self._store.is_valid(path)
