"""Applications for later, of more than one argument (``Machine.defer`` has those of one)."""

from typing import Final, cast

from imagetools.lang.runtime.errors import TypeErrorNix
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.runtime.shown import described
from imagetools.lang.values.model import Attrs, Builtin, Code, Lambda, PartialBuiltin, Thunk


class Apply2(Code):
    """``f x y``; the environment is [machine, f, x, y]. No call in the source stands for it: where ``f x`` is no function, the
    place of ``f`` is what a person can be shown."""

    def eval(self, env: list[object]) -> object:
        m = cast(Machine, env[0])
        f = m.force(env[1])
        if type(f) is not Lambda or f.code.curried:
            return m.apply2(f, env[2], env[3])
        made = m.apply(f, env[2])
        t = type(made)
        if t is not Lambda and t is not Attrs and t is not Builtin and t is not PartialBuiltin:
            raise TypeErrorNix(f"attempt to call something which is not a function but {described(made)}", f.code.written())
        return m.apply(made, env[3])


APPLY2: Final = Apply2()


def defer2(m: Machine, f: object, x: object, y: object) -> Thunk:
    """``f x y`` for later."""
    return Thunk(APPLY2, [m, f, x, y])
