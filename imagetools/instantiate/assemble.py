"""From coerced attributes to a derivation and its path: pure, without evaluation and without a store.

Nix quirk: a derivation's outputs are hashed with the outputs themselves masked, and input derivations replaced by *their* masked
hashes, so the caller hands in a table of known derivations (:mod:`imagetools.instantiate.known`).
"""

from collections.abc import Callable, Sequence
from typing import Final

from imagetools.formats.derivation import Derivation, FixedOutput, InputAddressed, Output
from imagetools.formats.modulo import Completed, complete
from imagetools.formats.store_path import StoreDir
from imagetools.kernel.errors import ImagetoolsError
from imagetools.kernel.hashes import Hash

ALGORITHMS: Final = ("md5", "sha1", "sha256", "sha512")


class AssemblyError(ImagetoolsError):
    """The attributes make no derivation; the sentence is Nix's."""


class Parts:
    """What an evaluation has collected for one derivation (rows 4.001-4.013); texts are bytestr."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.builder = ""
        self.system = ""
        self.args: list[str] = []
        self.env: dict[str, str] = {}
        self.outputs: list[str] = ["out"]
        self.output_hash: str | None = None
        self.output_hash_algo: str | None = None
        self.output_hash_mode: str = "flat"
        self.input_drvs: dict[str, set[str]] = {}
        self.input_srcs: set[str] = set()


def read_outputs(names: Sequence[str]) -> list[str]:
    """The output names, checked (row 4.005)."""
    seen: list[str] = []
    for name in names:
        if name in seen:
            raise AssemblyError(f"duplicate derivation output '{name}'")
        if name == "drvPath":
            raise AssemblyError("invalid derivation output name 'drvPath'")
        seen.append(name)
    if not seen:
        raise AssemblyError("derivation cannot have an empty set of outputs")
    return seen


def read_mode(text: str) -> str:
    """``outputHashMode`` (row 4.043): ``flat``, or ``recursive`` (``nar``), as :class:`FixedOutput` spells it."""
    if text in {"recursive", "nar"}:
        return "nar"
    if text == "flat":
        return "flat"
    raise AssemblyError(f"invalid value '{text}' for 'outputHashMode' attribute")


def read_algo(text: str) -> str | None:
    """``outputHashAlgo`` (row 4.042); the empty text means that the hash says it itself."""
    if not text:
        return None
    if text not in ALGORITHMS:
        raise AssemblyError(f"unknown hash algorithm '{text}'")
    return text


def _fixed_hash(parts: Parts) -> Hash:
    if parts.output_hash:
        return Hash.parse(parts.output_hash, parts.output_hash_algo)
    return Hash.zero(parts.output_hash_algo or "sha256")


def assemble(parts: Parts, store_dir: StoreDir, known: Callable[[str], Hash]) -> Completed:
    """The finished derivation with its text and hash; ``known`` gives the hash modulo of each input derivation.

    Raises :class:`AssemblyError` for missing or wrong attributes, HashError for a hash that is none (rows 4.041-4.044).
    """
    if not parts.builder:
        raise AssemblyError("required attribute 'builder' missing")
    if not parts.system:
        raise AssemblyError("required attribute 'system' missing")
    if parts.name.endswith(".drv"):
        raise AssemblyError("derivation names are not allowed to end in '.drv'")
    outputs: dict[str, Output] = {name: InputAddressed("") for name in parts.outputs}
    if parts.output_hash is not None:
        if parts.outputs != ["out"]:
            raise AssemblyError("multiple outputs are not supported in fixed-output derivations")
        outputs = {"out": FixedOutput("", parts.output_hash_mode, _fixed_hash(parts))}
    return complete(
        store_dir,
        Derivation(
            name=parts.name,
            outputs=outputs,
            input_drvs={path: tuple(sorted(names)) for path, names in parts.input_drvs.items()},
            input_srcs=tuple(sorted(parts.input_srcs)),
            system=parts.system,
            builder=parts.builder,
            args=tuple(parts.args),
            env={**parts.env, **dict.fromkeys(outputs, "")},
        ),
        known,
    )
