"""Nix's base 32: vectors, round trip, what is refused."""

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imagetools.kernel.base32 import ALPHABET, Base32Error, decode, encode, encoded_length


@given(st.binary(max_size=80))
@example(b"")
@example(b"\x00")
@example(b"\xff" * 20)
def test_bytes_come_back(data: bytes) -> None:
    text = encode(data)
    assert len(text) == encoded_length(len(data))
    assert set(text) <= set(ALPHABET)
    assert decode(text) == data


@given(st.binary(max_size=80))
def test_agrees_with_the_definition_digit_by_digit(data: bytes) -> None:
    number = int.from_bytes(data, "little")
    digits = [ALPHABET[(number >> (5 * place)) & 31] for place in range(encoded_length(len(data)))]
    assert encode(data) == "".join(reversed(digits))


def test_vector_of_nix_hash() -> None:
    """Appendix A: SHA-1 of the NAR of a folder that holds ``world``."""
    assert encode(bytes.fromhex("e4fd8ba5f7bbeaea5ace89fe10255536cd60dab6")) == "nvd61k9nalji1zl9rrdfmsmvyyjqpzg4"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0e", "character 'e' is not in Nix's alphabet"),
        ("0A", "character 'A' is not in Nix's alphabet"),
        ("0_0", "character '_' is not in Nix's alphabet"),
        ("0 ", "character ' ' is not in Nix's alphabet"),
        ("0", "no number of bytes has 1 characters"),
        ("000", "no number of bytes has 3 characters"),
        ("zz", "its first character has bits beyond the last byte"),
        ("z" * 52, "its first character has bits beyond the last byte"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(Base32Error) as caught:
        decode(text)
    assert caught.value.message == f"invalid base-32 text '{text}': {reason}"


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Base32Error):
        assert encode(decode(text)) == text
