"""The derivations that an evaluation has made or met, with their masked hashes, and those still to be written.

Hashing a derivation needs the hashes of all its inputs; they are remembered for the whole evaluation. Files are written in
one transaction by :meth:`Known.flush`, since a store operation for each of hundreds of derivations would cost more than
evaluating them.
"""

from collections.abc import Mapping
from typing import Final

from imagetools.formats.addressing import text_path
from imagetools.formats.derivation import Derivation, FixedOutput, Output, output_paths
from imagetools.formats.modulo import hash_modulo
from imagetools.formats.store_path import StorePath
from imagetools.instantiate.assemble import Parts, assemble
from imagetools.kernel.graph import reachable, topological
from imagetools.kernel.hashes import Hash
from imagetools.store.ports import Store, TextObject


class Made:
    """The logical path of a ``.drv`` file, and the outputs of its derivation. That itself is not kept: an evaluation may make a
    hundred thousand, and nobody asks for more than this."""

    def __init__(self, path: str, outputs: Mapping[str, Output]) -> None:
        self.path: Final = path
        self.outputs: Final = outputs

    def output_paths(self) -> dict[str, str]:
        """Output name to logical path, sorted by name."""
        return output_paths(self.outputs)

    def fixed_output(self) -> FixedOutput | None:
        """The output whose contents are known before, if it is one of those derivations."""
        output = self.outputs.get("out")
        return output if isinstance(output, FixedOutput) else None


class Known:
    """All derivations of one evaluation; what it did not make itself is read from the store. ``writes``: whether :meth:`flush`
    will be called; if not, no texts are kept for it."""

    def __init__(self, store: Store, *, writes: bool = True) -> None:
        self._store = store
        self._writes = writes
        self._made: dict[str, Made] = {}
        self._met: dict[str, Derivation] = {}
        self._hashes: dict[str, Hash] = {}
        self._paths: dict[str, StorePath] = {}
        self._pending: dict[str, tuple[StorePath, ...]] = {}
        self._texts: list[TextObject] = []

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
            known = self._made[path] = Made(path, derivation.outputs)
            self._hashes[path] = done.modulo
            self._paths[path] = store_path
            self._pending[path] = references
            if self._writes:
                self._texts.append(TextObject(name, done.text, references, store_path, derivation.output_paths()))
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
        if path not in self._pending:
            self._pending[path] = text.references
            if self._writes:
                self._texts.append(TextObject(text.name, text.data, text.references, store_path))
        return path

    def get(self, path: str) -> Made:
        """The derivation at a logical path. Raises InvalidPathError where neither this evaluation nor the store has it."""
        made = self._made.get(path)
        if made is None:
            made = self._made[path] = Made(path, self._meet(path).outputs)
        return made

    def _meet(self, path: str) -> Derivation:
        """A derivation that the store has, read once."""
        met = self._met.get(path)
        if met is None:
            met = self._met[path] = self._store.read_derivation(self._store.store_dir.parse(path))
        return met

    def hash_of(self, path: str) -> Hash:
        """The hash modulo of a derivation, computed once, its inputs first (iteratively: a chain may be thousands long)."""
        found = self._hashes.get(path)
        if found is None:
            for needed in topological([path], self._unhashed_inputs):
                if needed not in self._hashes:
                    self._hashes[needed] = hash_modulo(self._meet(needed), self._hashes.__getitem__)
            found = self._hashes[path]
        return found

    def _unhashed_inputs(self, path: str) -> list[str]:
        return [name for name in self._meet(path).input_drvs if name not in self._hashes]

    def requisites(self, path: str) -> list[str]:
        """The closure of a derivation as a file: all derivations and sources below it, itself included; sorted logical paths."""
        return sorted(reachable([path], self._references))

    def _references(self, path: str) -> list[str]:
        references = self._pending.get(path)
        store_dir = self._store.store_dir
        if references is not None:
            return [store_dir.join(reference) for reference in references]
        info = self._store.query(store_dir.parse(path))
        return [] if info is None else [store_dir.join(reference) for reference in info.references]

    def flush(self) -> None:
        """Write everything that is not written yet, in one transaction."""
        assert self._writes
        if self._texts:
            self._store.add_texts(self._texts)
            self._texts.clear()
            self._pending.clear()

    def is_known(self, path: StorePath) -> bool:
        """Whether the path is valid, or will be once :meth:`flush` has run."""
        return self._store.store_dir.join(path) in self._pending or self._store.is_valid(path)
