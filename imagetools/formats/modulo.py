"""Hash modulo fixed outputs: the hash of a derivation that does not change when a fetcher changes how it fetches.

A fixed output hashes to its content address and path alone. Any other derivation hashes to its text in which each input .drv is
replaced by that input's own hash; so a change of a URL stays where it is, and a change of anything else spreads to all outputs
that depend on it (rows 4.041-4.044). With outputs masked this hash gives the output paths; unmasked it stands for the derivation
inside others. Nix quirk: inputs with equal hashes (two ways to fetch the same file) merge into one.

The caller holds the cache: ``known(drv_path)`` gives the unmasked hash of an input derivation (a ``dict.__getitem__`` does). Here
is no recursion and no reading of files.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

from ..kernel.bytestr import to_bytes
from ..kernel.hashes import Hash
from . import addressing, aterm
from .derivation import Derivation, FixedOutput, InputAddressed, Output
from .store_path import StoreDir


class Completed:
    """A derivation with its output paths. ``text`` is its .drv file, ``modulo`` what it counts as inside other derivations."""

    def __init__(self, derivation: Derivation, text: bytes, modulo: Hash) -> None:
        self.derivation: Final = derivation
        self.text: Final = text
        self.modulo: Final = modulo


def hash_modulo(drv: Derivation, known: Callable[[str], Hash], mask_outputs: bool = False) -> Hash:
    """The hash of ``drv``: unmasked for use inside others, masked for its own output paths.

    One SHA-256. Raises DerivationError for outputs that contradict each other, and what ``known`` raises. For a fixed output
    ``known`` is not called, and its path must be there.
    """
    fixed = drv.fixed_output()
    if fixed is not None:
        return fixed_modulo(fixed)
    return _sha256(aterm.serialise(drv, mask_outputs, replaced_inputs(drv.input_drvs, known)))


def fixed_modulo(output: FixedOutput) -> Hash:
    """The hash modulo of a derivation whose output is ``output`` (with its path)."""
    return _sha256("fixed:out:" + aterm.fixed_algorithm(output) + ":" + output.hash.digest.hex() + ":" + output.path)


def replaced_inputs(inputs: Mapping[str, tuple[str, ...]], known: Callable[[str], Hash]) -> dict[str, tuple[str, ...]]:
    """``inputs`` with the base-16 hash of each derivation in place of its path; equal hashes merge their output names."""
    replaced: dict[str, tuple[str, ...]] = {}
    for path, names in inputs.items():
        key = known(path).digest.hex()
        before = replaced.get(key)
        if before is None:
            replaced[key] = names
        elif before != names:
            replaced[key] = tuple(sorted({*before, *names}))
    return replaced


def output_paths(store_dir: StoreDir, drv: Derivation, known: Callable[[str], Hash]) -> dict[str, str]:
    """What the path of each output must be, from everything else in ``drv``. Raises as ``hash_modulo``, and StoreNameError."""
    fixed = drv.fixed_output()
    if fixed is not None:
        return {"out": store_dir.join(addressing.fixed_path(store_dir, drv.name, fixed.method, fixed.hash))}
    masked = hash_modulo(drv, known, True)
    return {name: store_dir.join(addressing.output_path(store_dir, masked, name, drv.name)) for name in sorted(drv.outputs)}


def complete(store_dir: StoreDir, drv: Derivation, known: Callable[[str], Hash]) -> Completed:
    """Fill the paths of all outputs in, also into the variables named like them, and give the finished text and hash.

    ``drv`` may hold anything as paths; they are computed anew. Raises as ``output_paths``.
    """
    fixed = drv.fixed_output()
    env = dict(drv.env)
    if fixed is not None:
        path = store_dir.join(addressing.fixed_path(store_dir, drv.name, fixed.method, fixed.hash))
        env["out"] = path
        output = FixedOutput(path, fixed.method, fixed.hash)
        done = drv.with_outputs({"out": output}, env)
        return Completed(done, to_bytes(aterm.serialise(done)), fixed_modulo(output))
    for name in drv.outputs:
        env.setdefault(name, "")
    middle = aterm.middle_text(drv)
    replaced = aterm.inputs_text(replaced_inputs(drv.input_drvs, known)) + middle
    pieces = aterm.environment_pieces(drv.with_outputs(drv.outputs, env))
    masked = _sha256(aterm.HEAD + aterm.outputs_text(drv.outputs, True) + replaced + "".join(pieces))
    outputs: dict[str, Output] = {}
    for name in drv.outputs:
        path = store_dir.join(addressing.output_path(store_dir, masked, name, drv.name))
        outputs[name] = InputAddressed(path)
        env[name] = path
    done = drv.with_outputs(outputs, env)
    head = aterm.HEAD + aterm.outputs_text(outputs, False)
    tail = aterm.with_outputs(pieces, outputs, env)
    text = head + aterm.inputs_text(drv.input_drvs) + middle + tail
    return Completed(done, to_bytes(text), _sha256(head + replaced + tail))


def _sha256(text: str) -> Hash:
    return Hash("sha256", hashlib.sha256(to_bytes(text)).digest())
