"""A derivation as a value: what is built, by what, from what, into which outputs. No I/O, no parsing, no store directory.

All texts are byte strings (``kernel.bytestr``), all paths are full logical paths as text, since that is how they stand in a .drv
and how builders see them. Content-addressed (floating) and impure outputs of newer Nix are not expressible here on purpose; the
reader of .drv files refuses them by name.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

from ..kernel.errors import ImagetoolsError
from ..kernel.hashes import Hash


class DerivationError(ImagetoolsError):
    """A derivation named ``name`` contradicts itself; the sentence says how."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"invalid derivation '{name}': {reason}")
        self.name = name
        self.reason = reason


class InputAddressed:
    """An output whose path follows from the derivation. ``path`` is ``""`` while it is not yet known."""

    def __init__(self, path: str) -> None:
        self.path: Final = path

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InputAddressed) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)

    def __repr__(self) -> str:
        return f"InputAddressed({self.path!r})"


class FixedOutput:
    """An output whose contents are known before: ``method`` is flat or nar. ``path`` is ``""`` while it is not yet known."""

    def __init__(self, path: str, method: str, hash: Hash) -> None:
        self.path: Final = path
        self.method: Final = method
        self.hash: Final = hash

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, FixedOutput) and self.path == other.path and self.method == other.method and self.hash == other.hash
        )

    def __hash__(self) -> int:
        return hash((self.path, self.method))

    def __repr__(self) -> str:
        return f"FixedOutput({self.path!r}, {self.method!r}, {self.hash!r})"


Output: TypeAlias = InputAddressed | FixedOutput


def output_paths(outputs: Mapping[str, Output]) -> dict[str, str]:
    """Output name to logical path, sorted by name."""
    return {name: outputs[name].path for name in sorted(outputs)}


class Derivation:
    """One derivation (rows 4.001-4.005). Immutable by convention; compare with ``==``.

    ``outputs``: output name to output. ``input_drvs``: .drv path to the sorted names of its outputs that are used.
    ``input_srcs``: sorted store paths. ``args`` and ``env`` as the builder gets them, before placeholders are replaced. The order
    of the mappings does not matter: whoever writes them sorts.
    """

    def __init__(
        self,
        name: str,
        outputs: Mapping[str, Output],
        input_drvs: Mapping[str, tuple[str, ...]],
        input_srcs: tuple[str, ...],
        system: str,
        builder: str,
        args: tuple[str, ...],
        env: Mapping[str, str],
    ) -> None:
        self.name: Final = name
        self.outputs: Final = dict(outputs)
        self.input_drvs: Final = dict(input_drvs)
        self.input_srcs: Final = input_srcs
        self.system: Final = system
        self.builder: Final = builder
        self.args: Final = args
        self.env: Final = dict(env)

    @property
    def is_fixed(self) -> bool:
        """Whether its (then only) output is a fixed output."""
        return self.fixed_output() is not None

    def fixed_output(self) -> FixedOutput | None:
        """The fixed output, or None for an input-addressed derivation.

        Raises DerivationError where Nix would: no output at all, kinds mixed, several fixed outputs, or one not named ``out``.
        """
        fixed: FixedOutput | None = None
        for name, output in self.outputs.items():
            if isinstance(output, FixedOutput):
                if len(self.outputs) > 1:
                    raise DerivationError(self.name, "only one fixed output is allowed, and no other output beside it")
                if name != "out":
                    raise DerivationError(self.name, f"a fixed output must be named 'out', not '{name}'")
                fixed = output
        if not self.outputs:
            raise DerivationError(self.name, "it must have at least one output")
        return fixed

    def output_paths(self) -> dict[str, str]:
        """Output name to logical path, sorted by name."""
        return output_paths(self.outputs)

    def with_outputs(self, outputs: Mapping[str, Output], env: Mapping[str, str]) -> "Derivation":
        """The same derivation with other outputs and environment (once paths are known)."""
        return Derivation(self.name, outputs, self.input_drvs, self.input_srcs, self.system, self.builder, self.args, env)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Derivation)
            and self.name == other.name
            and self.outputs == other.outputs
            and self.input_drvs == other.input_drvs
            and self.input_srcs == other.input_srcs
            and self.system == other.system
            and self.builder == other.builder
            and self.args == other.args
            and self.env == other.env
        )

    def __hash__(self) -> int:
        return hash((self.name, tuple(sorted(self.outputs))))

    def __repr__(self) -> str:
        return f"<Derivation {self.name}>"
