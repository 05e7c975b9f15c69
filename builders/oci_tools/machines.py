"""One image for several machines: the derivation's attributes as each machine has them.

``machines`` is a JSON list with one object for each machine: the attributes in which it differs (null: it has none of that name).
All else is said once. So whatever an image can be asked for, it can be asked for by machine, and nothing here knows what.
"""

import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, cast

from imagetools.builtin.api import BuiltinContext
from imagetools.kernel.bytestr import display

from ..docker_tools.request import Attributes

if TYPE_CHECKING:
    from collections.abc import Mapping

ATTRIBUTE: Final = "machines"


def each_machine(ctx: BuiltinContext) -> Iterator[BuiltinContext]:
    """The context of each machine's image; the build's own where it is for one machine. Raises AttributeValueError, OSError."""
    if ATTRIBUTE not in ctx.env:
        yield ctx
        return
    for number, changes in enumerate(_machines(ctx), 1):
        scratch = os.path.join(ctx.scratch, f"machine-{number}")
        os.mkdir(scratch)
        env = {name: value for name, value in {**ctx.env, **changes}.items() if value is not None and name != ATTRIBUTE}
        words = (env.get("architecture", ""), env.get("variant", ""))
        ctx.log(f"For {display('/'.join(word for word in ('linux', *words) if word))}:")
        yield cast(BuiltinContext, _Machine(ctx, env, scratch))


def _machines(ctx: BuiltinContext) -> "list[Mapping[str, str | None]]":
    attributes = Attributes(ctx)
    try:
        value = json.loads(attributes.text(ATTRIBUTE))  # its strings stay bytestrs
    except ValueError:
        value = None
    if not isinstance(value, list) or not value or not all(_are_changes(item) for item in value):
        raise attributes.wrong(ATTRIBUTE, "must be a list of sets of strings as JSON")
    return value


def _are_changes(item: object) -> bool:
    return isinstance(item, dict) and all(text is None or isinstance(text, str) for text in item.values())


class _Machine:
    """A context with another environment and a build folder of its own; all else is that of the build."""

    def __init__(self, ctx: BuiltinContext, env: "Mapping[str, str]", scratch: str) -> None:
        self._ctx: Final = ctx
        self.env: Final = env
        self.scratch: Final = scratch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ctx, name)
