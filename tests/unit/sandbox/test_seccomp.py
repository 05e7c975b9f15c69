"""The filter as data, run by a small interpreter of its own."""

import errno
import struct

import pytest

from imagetools.sandbox.seccomp import program

X86_64, I386, AARCH64 = 0xC000003E, 0x40000003, 0xC00000B7
ALLOW = 0x7FFF0000


def judge(code: bytes, architecture: int, number: int, *arguments: int) -> int:
    """What the kernel would do: 0 allows, else an errno."""
    data = struct.pack("=IIQ6Q", number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    value = at = 0
    while True:
        kind, if_true, if_false, operand = struct.unpack_from("=HBBI", code, 8 * at)
        at += 1
        if kind == 0x20:
            (value,) = struct.unpack_from("=I", data, operand)
        elif kind == 0x15:
            at += if_true if value == operand else if_false
        elif kind == 0x45:
            at += if_true if value & operand else if_false
        else:
            assert kind == 0x06
            return 0 if operand == ALLOW else operand & 0xFFFF


@pytest.mark.parametrize(
    ("machine", "architecture", "number", "argument"),
    [
        ("x86_64", X86_64, 90, 1),
        ("x86_64", X86_64, 91, 1),
        ("x86_64", X86_64, 268, 2),
        ("x86_64", X86_64, 90 | 0x40000000, 1),
        ("x86_64", I386, 15, 1),
        ("x86_64", I386, 306, 2),
        ("aarch64", AARCH64, 53, 2),
    ],
)
def test_modes(machine: str, architecture: int, number: int, argument: int) -> None:
    for mode, wanted in ((0o4755, errno.EPERM), (0o2755, errno.EPERM), (0o1777, 0), (0o755, 0)):
        arguments = [0o7777] * 4
        arguments[argument] = mode
        assert judge(program(machine), architecture, number, *arguments) == wanted


def test_attributes_and_the_rest() -> None:
    code = program("x86_64")
    assert judge(code, X86_64, 188) == errno.ENOTSUP
    assert judge(code, I386, 226) == errno.ENOTSUP
    assert judge(code, X86_64, 226, 0o7777, 0o7777) == 0
    assert judge(code, 0x12345678, 90, 0o7777, 0o7777) == 0


def test_unknown_machines_have_none() -> None:
    assert program("riscv64") == b""
