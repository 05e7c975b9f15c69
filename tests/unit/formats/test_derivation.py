"""Derivations as values."""

import pytest

from imagetools.formats.derivation import Derivation, DerivationError, FixedOutput, InputAddressed, Output
from imagetools.kernel.hashes import Hash

FIXED = FixedOutput("/nix/store/x", "flat", Hash.zero("sha256"))
PLAIN = InputAddressed("/nix/store/y")


def make(outputs: dict[str, Output]) -> Derivation:
    return Derivation("n", outputs, {}, (), "x86_64-linux", "/bin/sh", (), {})


def test_fixed_or_not() -> None:
    assert make({"out": FIXED}).is_fixed
    assert make({"out": FIXED}).fixed_output() == FIXED
    assert not make({"out": PLAIN, "dev": PLAIN}).is_fixed


@pytest.mark.parametrize(
    ("outputs", "reason"),
    [
        ({}, "it must have at least one output"),
        ({"lib": FIXED}, "a fixed output must be named 'out', not 'lib'"),
        ({"out": FIXED, "lib": FIXED}, "only one fixed output is allowed, and no other output beside it"),
        ({"a": PLAIN, "out": FIXED}, "only one fixed output is allowed, and no other output beside it"),
    ],
)
def test_contradictions(outputs: dict[str, Output], reason: str) -> None:
    with pytest.raises(DerivationError) as caught:
        make(outputs).fixed_output()
    assert caught.value.message == f"invalid derivation 'n': {reason}"


def test_values_compare_by_what_they_hold() -> None:
    one = make({"out": PLAIN, "dev": InputAddressed("")})
    assert one == make({"dev": InputAddressed(""), "out": InputAddressed("/nix/store/y")})
    assert hash(one) == hash(make({"dev": PLAIN, "out": PLAIN}))
    assert one != make({"out": PLAIN}) and one != make({"out": FIXED}) and one != "n"
    assert FixedOutput("/nix/store/x", "nar", Hash.zero("sha256")) != FIXED
    assert len({FIXED, PLAIN, FixedOutput("/nix/store/x", "flat", Hash.zero("sha256"))}) == 2


def test_output_paths_are_sorted_by_name() -> None:
    assert list(make({"out": PLAIN, "dev": InputAddressed("/d")}).output_paths().items()) == [
        ("dev", "/d"),
        ("out", "/nix/store/y"),
    ]


def test_a_change_makes_a_new_value() -> None:
    one = make({"out": InputAddressed("")})
    other = one.with_outputs({"out": PLAIN}, {"out": "/nix/store/y"})
    assert one.outputs["out"].path == "" and one.env == {}
    assert other.outputs == {"out": PLAIN} and other.env == {"out": "/nix/store/y"} and other.builder == one.builder
