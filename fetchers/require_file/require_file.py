"""``builtin:require-file``: never makes its output; says who can, and how.

It runs only where the file is not in the store (rows 1.059-1.061). Nix's shape: the text between stars goes to the log, so that
it stands at the end of the error as well.
"""

from typing import ClassVar

from imagetools.builtin.api import BuiltinContext, BuiltinError
from imagetools.kernel.bytestr import display


class FileRequiredError(BuiltinError):
    """A file is not in the store, and nobody but a person can bring it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the file '{name}' is not in the store")
        self.name = name


class RequireFile:
    """The builder behind requireFile."""

    name: ClassVar[str] = "require-file"
    needs_network: ClassVar[bool] = False
    host_binds: ClassVar[tuple[str, ...]] = ()

    def build(self, ctx: BuiltinContext) -> None:
        for line in ("***", *display(ctx.env.get("message", "")).rstrip("\n").split("\n"), "***"):
            ctx.log(line)
        raise FileRequiredError(display(ctx.env.get("name", "")))
