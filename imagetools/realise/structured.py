"""The attributes that a builder finds in .attrs.json and .attrs.sh: the derivation's own, its outputs, and graphs (row 4.050).

Pure. Nix's shape: ``outputs`` maps names to paths; each name in ``exportReferencesGraph`` becomes an attribute of its own, a list
of what is known of every path in the closure.
"""

from collections.abc import Mapping
from typing import Any, cast

from imagetools.formats.closure import Closure
from imagetools.formats.drv_options import STRUCTURED, DerivationOptionsError
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.formats.structured_attrs import Attributes, parse
from imagetools.kernel.bytestr import to_bytes
from imagetools.kernel.graph import CycleError

OUTPUTS = "outputs"


def attributes(
    env: Mapping[str, str], outputs: Mapping[str, str], graphs: Mapping[str, Closure], store_dir: StoreDir
) -> Attributes:
    """``outputs``: name to path; ``graphs`` by attribute name (bytestrs). Raises DerivationOptionsError."""
    found: dict[str, Any] = dict(cast(dict[str, Any], parse(env[STRUCTURED])))
    found[OUTPUTS] = {_text(name): _text(path) for name, path in outputs.items()}
    for name, closure in graphs.items():
        if name == OUTPUTS:
            reason = f"a graph in 'exportReferencesGraph' cannot be called '{OUTPUTS}'"
            reason = f"a graph in 'exportReferencesGraph' cannot be called '{OUTPUTS}'"
            raise DerivationOptionsError("exportReferencesGraph", reason)
        found[_text(name)] = graph(store_dir, closure)
    return found


def graph(store_dir: StoreDir, closure: Closure) -> list[dict[str, Any]]:
    """One object a path, sorted by path; sizes in bytes of NAR."""
    sizes = closure_sizes(closure)
    found: list[dict[str, Any]] = []
    for path, info in closure.members.items():
        entry: dict[str, Any] = {
            "path": _text(store_dir.join(path)),
            "narHash": info.nar_hash.nix(),
            "narSize": info.nar_size,
            "references": [_text(store_dir.join(reference)) for reference in info.references],
            "closureSize": sizes[path],
        }
        if info.content_address is not None:
            entry["ca"] = str(info.content_address)
        found.append(entry)
    return found


def closure_sizes(closure: Closure) -> dict[StorePath, int]:
    """What each member's own closure weighs. A set of members is one number, a bit for each."""
    members = list(closure.members)
    bits = {path: 1 << number for number, path in enumerate(members)}
    reach: dict[StorePath, int] = {}
    try:
        for path in closure.topological():
            mask = bits[path]
            for reference in closure.members[path].references:
                mask |= reach.get(reference, 0)
            reach[path] = mask
    except CycleError:
        for path in members:
            reach[path] = _reach(closure, path, bits)
    weights = [closure.members[path].nar_size for path in members]
    sizes: dict[StorePath, int] = {}
    for path in members:
        binary = bin(reach[path])[:1:-1]
        sizes[path] = sum(weight for weight, bit in zip(weights, binary, strict=False) if bit == "1")
    return sizes


def _reach(closure: Closure, root: StorePath, bits: Mapping[StorePath, int]) -> int:
    mask = 0
    todo = [root]
    while todo:
        path = todo.pop()
        if not mask & bits[path]:
            mask |= bits[path]
            todo.extend(closure.members[path].references)
    return mask


def _text(text: str) -> str:
    """Real text of a bytestr."""
    return to_bytes(text).decode("utf-8", "surrogateescape")
