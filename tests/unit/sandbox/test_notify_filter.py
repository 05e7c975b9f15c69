"""The filter that shows system calls: interpreted here, as the kernel does it."""

import struct

import pytest

from imagetools.sandbox.notify_filter import BECOMING, GIVING, MAKING, numbers, program

ALLOW, NOTIFY, NOTHING = 0x7FFF0000, 0x7FC00000, 0x00050000
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def verdict(code: bytes, number: int, architecture: int) -> int:
    data = struct.pack("=iI", number, architecture) + bytes(56)
    instructions = [struct.unpack_from("=HBBI", code, at) for at in range(0, len(code), 8)]
    at, register = 0, 0
    while True:
        operation, yes, no, value = instructions[at]
        at += 1
        if operation == 0x20:
            (register,) = struct.unpack_from("=I", data, value)
        elif operation == 0x15:
            at += yes if register == value else no
        else:
            assert operation == 0x06
            return int(value)


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_what_is_shown(machine: str) -> None:
    known = numbers(machine)
    for several in (True, False):
        code = program(machine, several)
        for name, number in known.items():
            expected = NOTIFY
            if name == "setgroups":
                expected = ALLOW if several else NOTHING
            elif several and name in BECOMING:
                expected = ALLOW
            assert verdict(code, number, ARCHITECTURES[machine]) == expected, name
            assert verdict(code, number, 0x40000003) == ALLOW  # a 32-bit program
        assert verdict(code, 1000, ARCHITECTURES[machine]) == ALLOW
        assert len(code) // 8 < 256  # jumps are short


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_every_machine_can_give_and_make(machine: str) -> None:
    known = numbers(machine)
    assert {"fchownat", "fchown"} <= set(GIVING) & set(known) and "mknodat" in set(MAKING) & set(known)


def test_a_machine_that_is_not_known() -> None:
    assert numbers("pdp11") == {}
    with pytest.raises(KeyError):
        program("pdp11", several=True)
