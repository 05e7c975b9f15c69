"""System calls that builders may not make, as Nix's filter has it: setuid and setgid bits (EPERM), extended attributes (ENOTSUP).

A store object can hold neither, so a builder had better notice. The program is classic BPF, made here as bytes (pure) for the
machines whose call numbers are known; on others there is no filter, since what slips through is stripped from outputs anyway.
Builtin builders unpack archives of others and get no filter.
"""

import errno
import struct
from functools import cache
from typing import Final

_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_ANY_BIT: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_SPECIAL_BITS: Final = 0o6000
_X32: Final = 0x40000000

_CHMOD_X86_64: Final = {90: 1, 91: 1, 268: 2, 452: 2}
_XATTR_X86_64: Final = (188, 189, 190, 191, 192, 193, 194, 195, 196)
_CHMOD_I386: Final = {15: 1, 94: 1, 306: 2, 452: 2}
_XATTR_I386: Final = (226, 227, 228, 229, 230, 231, 232, 233, 234)
_CHMOD_AARCH64: Final = {52: 1, 53: 2, 452: 2}
_XATTR_AARCH64: Final = (5, 6, 7, 8, 9, 10, 11, 12, 13)
_CHMOD_ARM: Final = {15: 1, 94: 1, 333: 2, 452: 2}
_XATTR_ARM: Final = (226, 227, 228, 229, 230, 231, 232, 233, 234)

Calls = tuple[int, dict[int, int], tuple[int, ...]]
_MACHINES: Final[dict[str, tuple[Calls, ...]]] = {
    "x86_64": (
        (
            0xC000003E,
            _CHMOD_X86_64 | {number | _X32: argument for number, argument in _CHMOD_X86_64.items()},
            (*_XATTR_X86_64, *(number | _X32 for number in _XATTR_X86_64)),
        ),
        (0x40000003, _CHMOD_I386, _XATTR_I386),
    ),
    "aarch64": ((0xC00000B7, _CHMOD_AARCH64, _XATTR_AARCH64), (0x40000028, _CHMOD_ARM, _XATTR_ARM)),
}


@cache
def program(machine: str) -> bytes:
    """The filter for a machine as ``uname -m`` calls it: instructions of 8 bytes; empty where there is none."""
    blocks = [_block(*calls) for calls in _MACHINES.get(machine, ())]
    if not blocks:
        return b""
    found = [_instruction(_LOAD, 0, 0, _ARCHITECTURE)]
    for (architecture, _, _), block in zip(_MACHINES[machine], blocks, strict=True):
        found += [_instruction(_EQUAL, 0, len(block), architecture), *block]
    found.append(_instruction(_RETURN, 0, 0, _ALLOW))
    return b"".join(found)


def _block(architecture: int, chmods: dict[int, int], xattrs: tuple[int, ...]) -> list[bytes]:
    """Instructions for one architecture; they end in a return."""
    del architecture
    found = [_instruction(_LOAD, 0, 0, _NUMBER)]
    for number in xattrs:
        found += [_instruction(_EQUAL, 0, 1, number), _instruction(_RETURN, 0, 0, _ERRNO | errno.ENOTSUP)]
    for number, argument in chmods.items():
        found += [
            _instruction(_EQUAL, 0, 4, number),
            _instruction(_LOAD, 0, 0, _ARGUMENTS + 8 * argument),
            _instruction(_ANY_BIT, 0, 1, _SPECIAL_BITS),
            _instruction(_RETURN, 0, 0, _ERRNO | errno.EPERM),
            _instruction(_RETURN, 0, 0, _ALLOW),
        ]
    found.append(_instruction(_RETURN, 0, 0, _ALLOW))
    return found


def _instruction(code: int, if_true: int, if_false: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
