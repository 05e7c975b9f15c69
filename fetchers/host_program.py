"""A program of the host that a fetcher cannot do without."""

import shutil

from imagetools.builtin.api import BuiltinError


class NoProgramError(BuiltinError):
    """The host lacks a program; ``package`` is the Debian package that holds it."""

    fault = "host"

    def __init__(self, program: str, package: str) -> None:
        super().__init__(f"this machine has no program '{program}'", f"sudo apt-get install {package}")
        self.program = program
        self.package = package


def need_program(program: str, package: str, path: str) -> str:
    """Its full path. Raises NoProgramError."""
    found = shutil.which(program, path=path)
    if found is None:
        raise NoProgramError(program, package)
    return found
