"""The answers of ``imagetools store``: as lines, those of ``nix-store --query``, and as values for ``--json``."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StorePath
from imagetools.kernel.amounts import amount
from imagetools.store import questions
from imagetools.store.roots import all_roots

if TYPE_CHECKING:
    from imagetools.store.local import LocalStore


@dataclass(frozen=True, slots=True)
class Answer:
    """``lines`` to print, and ``value`` for JSON."""

    lines: list[str]
    value: object


def answer(
    store: "LocalStore",
    question: str,
    paths: Sequence[StorePath],
    *,
    use_output: bool = False,
    include_outputs: bool = False,
    physical: bool = False,
) -> Answer:
    """Answer one question (the name of an option of ``store query``). Raises InvalidPathError."""

    def show(path: StorePath) -> str:
        return store.real_path(path) if physical else store.store_dir.join(path)

    def ordered(found: Iterable[StorePath]) -> Answer:
        lines = [show(path) for path in questions.dependencies_first(store, found)]
        return Answer(lines, lines)

    def each(texts: Sequence[tuple[StorePath, str | int | None]], nothing: str = "") -> Answer:
        lines = [nothing if text is None else str(text) for _, text in texts]
        return Answer(lines, {show(path): text for path, text in texts})

    if question == "outputs":
        lines = [show(output) for path in paths for output in questions.outputs_or_self(store, path)]
        return Answer(lines, lines)
    if question == "deriver":
        infos = [questions.info_of(store, path) for path in paths]
        return each([(info.path, show(info.deriver) if info.deriver else None) for info in infos], "unknown-deriver")
    if use_output:
        paths = [output for path in paths for output in questions.outputs_or_self(store, path)]
    if question == "hash":
        return each([(path, questions.info_of(store, path).nar_hash.nix()) for path in paths])
    if question == "size":
        return each([(path, questions.info_of(store, path).nar_size) for path in paths])
    if question == "roots":
        kept = questions.kept_by(store, paths)
        links = [(link, show(target)) for link, target in all_roots(store.layout) if target in kept]
        return Answer([f"{link} -> {target}" for link, target in links], dict(links))
    if question == "tree":
        lines = list(questions.tree(store, paths, show))
        return Answer(lines, {show(path): _edges(store, path) for path in paths})
    return ordered(_set(store, question, paths, include_outputs))


def _set(store: "LocalStore", question: str, paths: Sequence[StorePath], include_outputs: bool) -> set[StorePath]:
    if question == "references":
        return questions.references(store, paths)
    if question == "referrers":
        return questions.referrers(store, paths)
    if question == "referrers-closure":
        return questions.referrers_closure(store, paths)
    return questions.requisites(store, paths, include_outputs=include_outputs)


def _edges(store: "LocalStore", path: StorePath) -> dict[str, list[str]]:
    """The closure as a graph: each member and what it refers to."""
    return {
        store.store_dir.join(member): [store.store_dir.join(other) for other in info.references]
        for member, info in store.closure([path]).members.items()
    }


def describe(store: "LocalStore", info: PathInfo) -> dict[str, object]:
    """One object as ``nix path-info --json`` describes it, and our own ``closureSize`` and ``physicalPath``."""
    join = store.store_dir.join
    described: dict[str, object] = {
        "path": join(info.path),
        "narHash": info.nar_hash.sri(),
        "narSize": info.nar_size,
        "references": [join(path) for path in info.references],
    }
    if info.content_address is not None:
        described["ca"] = str(info.content_address)
    if info.deriver is not None:
        described["deriver"] = join(info.deriver)
    if info.registered_at:
        described["registrationTime"] = info.registered_at
    if info.ultimate:
        described["ultimate"] = True
    if info.signatures:
        described["signatures"] = list(info.signatures)
    described["closureSize"] = store.closure([info.path]).size
    described["physicalPath"] = store.real_path(info.path)
    return described


def describe_lines(store: "LocalStore", info: PathInfo) -> list[str]:
    """The same for people."""
    join = store.store_dir.join
    closure = store.closure([info.path])
    rows = [
        ("path", join(info.path)),
        ("lies in", store.real_path(info.path)),
        ("hash", info.nar_hash.sri()),
        ("size", f"{amount(info.nar_size)}, with its closure of {len(closure)} {amount(closure.size)}"),
        ("deriver", join(info.deriver) if info.deriver else "unknown"),
        ("address", str(info.content_address) if info.content_address else "by what went into it"),
        *(("signature", text) for text in info.signatures),
        *(("refers to", join(path)) for path in info.references),
    ]
    return [f"{name + ':':<11}{text}" for name, text in rows]
