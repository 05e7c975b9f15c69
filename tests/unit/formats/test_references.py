"""The reference scanner: finds what plain search finds, whatever the chunking."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.formats.references import HashPartError, ReferenceScanner
from imagetools.kernel.base32 import ALPHABET

PARTS = ["3x7dwzq014bblazs7kq20p9hyzz0qh8g", "19zrmhm3m40xxaw81c8cqm6aljgrnwj2", "0" * 32, "0" * 31 + "1"]


def scan(data: bytes, size: int, parts: list[str] = PARTS) -> set[str]:
    scanner = ReferenceScanner(parts)
    for start in range(0, len(data), size):
        scanner.update(data[start : start + size])
    return scanner.found


PIECES = st.one_of(
    st.sampled_from([part.encode() for part in PARTS]),
    st.sampled_from([part[:17].encode() for part in PARTS]),
    st.text(alphabet=ALPHABET, max_size=40).map(str.encode),
    st.binary(max_size=40),
    st.integers(0, 150).map(lambda count: b"0" * count),
)


@given(st.lists(PIECES, max_size=10).map(b"".join), st.integers(1, 90), st.integers(0, 40))
def test_finds_what_plain_search_finds(data: bytes, size: int, many: int) -> None:
    others = [f"{number:032d}" for number in range(10, 10 + many)]
    wanted = {part for part in [*PARTS, *others] if part.encode() in data}
    assert scan(data, size, PARTS + others) == wanted


@pytest.mark.parametrize("place", [0, 1, 262_113, 262_143, 262_144, 299_968])
@pytest.mark.parametrize("size", [1000, 262_144, 1 << 20])
def test_large_blocks_and_borders(place: int, size: int) -> None:
    data = bytearray(b"\xfe" * 300_000)
    data[place : place + 32] = PARTS[0].encode()
    assert scan(bytes(data), size) == {PARTS[0]}


def test_only_the_hash_part_counts() -> None:
    assert scan(b"x" + PARTS[0].encode() + b"x", 7) == {PARTS[0]}
    assert scan(PARTS[0].upper().encode(), 7) == set()
    assert scan(b"", 7) == set()


def test_it_says_when_nothing_is_left_to_find() -> None:
    scanner = ReferenceScanner([PARTS[0]])
    assert not scanner.done
    scanner.update(PARTS[0].encode())
    assert scanner.done and scanner.found == {PARTS[0]}
    assert ReferenceScanner([]).done


@pytest.mark.parametrize("part", ["", "0" * 31, "0" * 33, "e" * 32, "/nix/store/x"])
def test_refused(part: str) -> None:
    with pytest.raises(HashPartError) as caught:
        ReferenceScanner([part])
    assert caught.value.message == f"'{part}' is not the hash part of a store path"
