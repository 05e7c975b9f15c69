"""Applications for later, of more than one argument (``Machine.defer`` has those of one)."""

from typing import Final, cast

from imagetools.lang.runtime.machine import Machine
from imagetools.lang.values.model import Code, Thunk


class Apply2(Code):
    """``f x y``; the environment is [machine, f, x, y]."""

    def eval(self, env: list[object]) -> object:
        return cast(Machine, env[0]).apply2(env[1], env[2], env[3])


APPLY2: Final = Apply2()


def defer2(m: Machine, f: object, x: object, y: object) -> Thunk:
    """``f x y`` for later."""
    return Thunk(APPLY2, [m, f, x, y])
