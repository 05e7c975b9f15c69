"""What somebody asks to have realised: a derivation and some of its outputs, and the shell that builders find at /bin/sh.

Plain values; they refuse to know whether anything exists. Nix's shape: a derivation is always built whole, so output names only
decide whether it must be built at all.
"""

from dataclasses import dataclass

from imagetools.formats.store_path import StorePath


@dataclass(frozen=True, slots=True)
class Target:
    """A derivation (its ``.drv``) and the wanted outputs; None means all of them."""

    drv: StorePath
    outputs: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Shell:
    """The program that builders find at ``/bin/sh``: ``file`` (relative) inside ``output`` of a derivation."""

    drv: StorePath
    file: str = "bin/busybox"
    output: str = "out"

    @property
    def target(self) -> Target:
        return Target(self.drv, (self.output,))
