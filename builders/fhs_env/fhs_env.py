"""``builtin:fhs-env``: the program of buildFHSEnv, a script that makes the namespaces and starts what was wished for in them.

The script is wrapper.py.j2 with a few facts in it; it finds its store from the place where it lies.
"""

import json
import os
import pprint
from typing import ClassVar

from jinja2 import Environment, StrictUndefined

from imagetools.builtin.api import BuiltinContext, MissingAttributeError
from imagetools.kernel.bytestr import to_bytes

from ..trivial.post_build import run_post_build


class FhsEnv:
    """The builder; ``facts`` is JSON, ``program`` the name of the file in ``bin``, ``template`` is wrapper.py.j2."""

    name: ClassVar[str] = "fhs-env"
    needs_network: ClassVar[bool] = False
    host_binds: ClassVar[tuple[str, ...]] = ()

    def build(self, ctx: BuiltinContext) -> None:
        for key in ("facts", "program", "template"):
            if key not in ctx.env:
                raise MissingAttributeError(self.name, key)
        facts = json.loads(to_bytes(ctx.env["facts"]))
        with open(ctx.real_path(ctx.env["template"]), encoding="utf-8") as file:
            template = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False).from_string(
                file.read()
            )
        # texts, numbers, truth values and lists: as Python prints them, Python reads them
        text = template.render(facts=ascii_literal(facts))
        folder = os.path.join(ctx.outputs["out"], "bin")
        os.makedirs(folder)
        place = os.path.join(os.fsencode(folder), to_bytes(ctx.env["program"]))
        with open(place, "w", encoding="utf-8", newline="\n") as script:
            script.write(text)
        os.chmod(place, 0o755)
        run_post_build(ctx)


def ascii_literal(value: object) -> str:
    """``value`` as Python source in ASCII, one entry a line."""
    return pprint.pformat(value, width=120).encode("ascii", "backslashreplace").decode()
