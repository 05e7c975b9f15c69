"""From what a builder left behind to valid store objects: existence, owner, canonical form, hash, references, registration.

Rows 1.006, 1.007, 4.029-4.038, 4.043, 4.051. Each tree is read once: hashing and the search for references share the pass.
Nix's shape: outputs that are valid already are thrown away, the others become valid together; a fixed output with another hash
than specified is kept under the path that it does have.
"""

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from imagetools.formats.addressing import fixed_path, output_name
from imagetools.formats.closure import Closure
from imagetools.formats.content_address import ContentAddress
from imagetools.formats.derivation import FixedOutput
from imagetools.formats.drv_options import DerivationOptions
from imagetools.formats.references import ReferenceScanner
from imagetools.formats.store_path import StorePath
from imagetools.kernel import graph
from imagetools.kernel.hashes import Hash
from imagetools.realise import measured
from imagetools.realise.failures import (
    FixedReferencesError,
    HashMismatchError,
    MissingOutputError,
    OutputCycleError,
    OutputRejectedError,
)
from imagetools.realise.output_checks import check_outputs
from imagetools.realise.plan import Step
from imagetools.sandbox.ports import BuildOutcome
from imagetools.store.disk import delete_tree, writing
from imagetools.store.fs_nar import UnsupportedFileError, canonicalise, file_hash, hash_and_scan, nar_hash
from imagetools.store.fs_restore import finish_root
from imagetools.store.ports import BuiltOutput, Store


@dataclass(frozen=True, slots=True)
class Tree:
    """One output on its way: where it lies now, and what is known of it (``file_hash``: where a builder of ours said it)."""

    name: str
    path: StorePath
    place: str
    nar_hash: Hash
    nar_size: int
    references: tuple[StorePath, ...]
    file_hash: Hash | None = None


def register_outputs(
    store: Store, step: Step, options: DerivationOptions, outcome: BuildOutcome, inputs: Closure, tail: Sequence[str]
) -> None:
    """Make the missing outputs of a successful build valid. The caller holds their locks.

    Raises MissingOutputError, OutputRejectedError and its kin, OutputCycleError, HashMismatchError, FixedReferencesError,
    UnsupportedFileError.
    """
    drv = store.store_dir.join(step.drv)
    valid = store.valid_paths(step.outputs.values())
    missing = [name for name, path in step.outputs.items() if path not in valid]
    trees = read_outputs(store, step, options, outcome, missing, inputs, tail)
    check_cycles(drv, trees)
    fixed = step.derivation.fixed_output()
    if fixed is not None:
        for tree in trees:
            _register_fixed(store, step, drv, tree, fixed, options, inputs)
        return
    check_outputs(store, drv, options, step.outputs, {tree.name: _built(tree, step.drv) for tree in trees}, inputs)
    for tree in trees:
        move(store.real_path(tree.path), tree.place)
    store.register_built([_built(tree, step.drv) for tree in trees])


def read_outputs(
    store: Store,
    step: Step,
    options: DerivationOptions,
    outcome: BuildOutcome,
    names: Iterable[str],
    inputs: Closure,
    tail: Sequence[str],
) -> list[Tree]:
    """The outputs ``names``, made canonical where the builder left them, hashed and scanned. Raises as ``register_outputs``."""
    drv = store.store_dir.join(step.drv)
    wanted = {name: step.outputs[name] for name in names}
    for name, path in wanted.items():
        if name not in outcome.output_roots:
            raise MissingOutputError(drv, name, store.store_dir.join(path), tail)
    fixed = step.derivation.fixed_output()
    # a fixed output cannot name itself: its path follows from the hash of what it holds
    candidates = [*inputs.members, *(step.outputs.values() if fixed is None else ())]
    facts = measured.read(step, outcome.build_folder)
    trees: list[Tree] = []
    for name, path in wanted.items():
        place = outcome.output_roots[name]
        _check_owner(drv, name, store.store_dir.join(path), place, outcome.owner)
        if fixed is not None and fixed.method == "flat":
            _check_flat(drv, store.store_dir.join(path), place)
        try:
            canonicalise(place, build_uids=None if outcome.owner == os.geteuid() else {outcome.owner, os.geteuid()})
        except UnsupportedFileError as error:  # the place is gone when a person reads this
            raise UnsupportedFileError(store.store_dir.join(path) + error.path.removeprefix(place), error.kind) from None
        if name in facts and measured.fits(facts[name], place):
            known = facts[name]
            trees.append(Tree(name, path, place, known.nar_hash, known.nar_size, (), known.file_hash))
            continue
        trees.append(_read(name, path, place, () if name in options.unsafe_discard_references else candidates))
    return trees


def _check_owner(drv: str, name: str, path: str, place: str, owner: int) -> None:
    state = os.lstat(place)
    loose = not stat.S_ISLNK(state.st_mode) and state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if loose or state.st_uid != owner:
        raise OutputRejectedError(
            drv, f"suspicious ownership or permission on '{path}' for output '{name}'; rejecting this build output"
        )


def _check_flat(drv: str, path: str, place: str) -> None:
    mode = os.lstat(place).st_mode
    if not stat.S_ISREG(mode) or mode & stat.S_IXUSR:
        raise OutputRejectedError(
            drv,
            f"output path '{path}' should be a non-executable regular file since recursive hashing is not enabled "
            "(outputHashMode=flat)",
        )


def _read(name: str, path: StorePath, place: str, candidates: Iterable[StorePath]) -> Tree:
    by_part = {candidate.hash_part: candidate for candidate in candidates}
    scanner = ReferenceScanner(by_part)
    value, size = hash_and_scan(place, scanner)
    return Tree(name, path, place, value, size, tuple(sorted(by_part[part] for part in scanner.found)))


def check_cycles(drv: str, trees: Sequence[Tree]) -> None:
    """Raises OutputCycleError."""
    by_path = {tree.path: tree for tree in trees}

    def others(name: str) -> list[str]:
        tree = next(item for item in trees if item.name == name)
        return [by_path[path].name for path in tree.references if path != tree.path and path in by_path]

    try:
        graph.topological((tree.name for tree in trees), others)
    except graph.CycleError as error:
        names = [str(item) for item in error.cycle]
        raise OutputCycleError(drv, names[0], names[-1]) from None


def _built(tree: Tree, drv: StorePath, address: ContentAddress | None = None) -> BuiltOutput:
    return BuiltOutput(tree.path, tree.nar_hash, tree.nar_size, tree.references, drv, address)


def move(real: str, place: str) -> None:
    """Bring a canonical tree to the host path ``real``, where a builder without a sandbox has already made it.

    A folder must be writable to be renamed by an ordinary user.
    """
    folder_of, name = os.path.split(place)
    if os.path.join(os.path.realpath(folder_of), name) == real:
        return
    with writing(real):
        delete_tree(real)
        folder = not os.path.islink(place) and os.path.isdir(place)
        if folder:
            os.chmod(place, 0o755)
        os.rename(place, real)
        if folder:
            finish_root(real)


def _register_fixed(
    store: Store, step: Step, drv: str, tree: Tree, fixed: FixedOutput, options: DerivationOptions, inputs: Closure
) -> None:
    got = content_hash(tree, fixed)
    address = ContentAddress("flat" if fixed.method == "flat" else "nar", got)
    if tree.references:
        if got != fixed.hash:
            raise HashMismatchError(drv, fixed.hash, got)
        raise FixedReferencesError(drv, [store.store_dir.join(path) for path in tree.references])
    if got == fixed.hash:
        check_outputs(store, drv, options, step.outputs, {tree.name: _built(tree, step.drv, address)}, inputs)
        move(store.real_path(tree.path), tree.place)
        store.register_built([_built(tree, step.drv, address)])
        return
    path = actual_path(store, step, tree, fixed, got)
    lock = store.try_lock([path])
    if lock is not None:
        with lock:
            if not store.is_valid(path):
                move(store.real_path(path), tree.place)
                store.register_built([BuiltOutput(path, tree.nar_hash, tree.nar_size, (), step.drv, address)])
    raise HashMismatchError(drv, fixed.hash, got, path if store.is_valid(path) else None)


def actual_path(store: Store, step: Step, tree: Tree, fixed: FixedOutput, got: Hash) -> StorePath:
    """The path that a fixed output has by what it is, whatever was specified."""
    return fixed_path(store.store_dir, output_name(step.derivation.name, tree.name), fixed.method, got)


def content_hash(tree: Tree, fixed: FixedOutput) -> Hash:
    """The hash that decides whether a fixed output is the specified one."""
    algo = fixed.hash.algo
    if fixed.method == "flat" and tree.file_hash is not None and tree.file_hash.algo == algo:
        return tree.file_hash
    if fixed.method == "flat":
        return file_hash(tree.place, algo)[0]
    return tree.nar_hash if algo == "sha256" else nar_hash(tree.place, algo)[0]
