"""Hashes: every notation, both ways, and the sentences for what is none."""

import contextlib
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.kernel import hashes
from imagetools.kernel.hashes import SIZES, Hash, HashError

HEX = "5d22dad058d5c800d65a115f919da22938c50dd6ba98c5e3a183172d149840a4"
SRI = "sha256-XSLa0FjVyADWWhFfkZ2iKTjFDda6mMXjoYMXLRSYQKQ="


def some_hashes() -> st.SearchStrategy[Hash]:
    return st.sampled_from(sorted(SIZES)).flatmap(
        lambda algo: st.binary(min_size=SIZES[algo], max_size=SIZES[algo]).map(lambda digest: Hash(algo, digest))
    )


@given(some_hashes())
def test_every_notation_comes_back(value: Hash) -> None:
    for text in (value.base16(), value.base16().upper(), value.base32(), value.base64()):
        assert Hash.parse(text, value.algo) == value
        assert Hash.parse(f"{value.algo}:{text}") == value
        assert Hash.parse(f"{value.algo}:{text}", value.algo) == value
    assert Hash.parse(value.sri()) == Hash.parse_sri(str(value)) == value
    assert Hash.parse(value.sri().rstrip("=")) == value
    assert Hash.parse_prefixed(value.nix()) == Hash.parse_prefixed(value.prefixed16()) == value
    assert hash(Hash.parse(value.nix())) == hash(value)


def test_vectors() -> None:
    """Appendix A: sri and base 16 (001 rel 2.2); flat SHA-256 of two small files."""
    assert Hash.parse(SRI).base16() == HEX
    assert Hash.parse(HEX, "sha256").sri() == SRI
    assert hashes.digest("sha256", b"hello\n").base16() == "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
    assert hashes.digest("sha256", b"test\n").base32() == "1lkgqb6fclns49861dwk9rzb6xnfkxbpws74mxnx01z9qyv1pjpj"
    assert hashes.digest("md5", b"").nix() == "md5:3y8bwfr609h3lh9ch0izcqq7fl"


def test_digest_and_short_hex_agree_with_hashlib() -> None:
    for algo in SIZES:
        assert hashes.digest(algo, b"x").digest == hashlib.new(algo, b"x").digest()
    assert hashes.sha256_hex(b"x") == hashlib.sha256(b"x").hexdigest()


def test_equality_needs_both_algorithm_and_digest() -> None:
    assert Hash.zero("sha256") == Hash("sha256", bytes(32))
    assert Hash.zero("sha256") != Hash("sha256", bytes(31) + b"1")
    assert Hash.zero("md5") != Hash.zero("sha1")
    assert Hash.zero("md5") != "md5"
    assert Hash.zero("md5") < Hash.zero("sha1")
    assert repr(Hash.zero("md5")) == "Hash('md5-AAAAAAAAAAAAAAAAAAAAAA==')"


def test_the_empty_text_asks_for_the_hash() -> None:
    """Row 1.006: ``hash = ""``."""
    assert Hash.parse_loose("", "sha256") == Hash.zero("sha256")
    assert Hash.parse_loose(SRI) == Hash.parse(SRI)
    with pytest.raises(HashError, match="empty hash requires explicit hash algorithm"):
        Hash.parse_loose("")


@pytest.mark.parametrize(
    ("text", "algo", "sentence"),
    [
        ("abc", "sha256", "hash 'abc' has wrong length for hash algorithm 'sha256'"),
        ("", "sha256", "hash '' has wrong length for hash algorithm 'sha256'"),
        (HEX, None, f"hash '{HEX}' does not include a type, nor is the type otherwise known from context"),
        (SRI, "sha1", f"hash '{SRI}' should have type 'sha1'"),
        (f"md5:{HEX}", None, f"hash '{HEX}' has wrong length for hash algorithm 'md5'"),
        (f"sha3:{HEX}", None, "unknown hash algorithm 'sha3', expect 'md5', 'sha1', 'sha256' or 'sha512'"),
        (f"SHA256:{HEX}", None, "unknown hash algorithm 'SHA256', expect 'md5', 'sha1', 'sha256' or 'sha512'"),
        (f":{HEX}", "sha256", "unknown hash algorithm '', expect 'md5', 'sha1', 'sha256' or 'sha512'"),
        ("g" * 64, "sha256", f"invalid base-16 hash '{'g' * 64}'"),
        ("e" * 52, "sha256", f"invalid base-32 hash '{'e' * 52}'"),
        ("z" * 52, "sha256", f"invalid base-32 hash '{'z' * 52}'"),
        ("!" * 44, "sha256", f"invalid base-64 hash '{'!' * 44}'"),
        ("sha256-AAAA", None, "invalid SRI hash 'sha256-AAAA', length 3 != expected length 32"),
        ("sha256-A", None, "invalid SRI hash 'sha256-A'"),
        ("sha256-", None, "invalid SRI hash 'sha256-', length 0 != expected length 32"),
        ("md5-ü", None, "invalid SRI hash 'md5-ü'"),
    ],
)
def test_refused(text: str, algo: str | None, sentence: str) -> None:
    with pytest.raises(HashError) as caught:
        Hash.parse(text, algo)
    assert caught.value.message == sentence


def test_notations_that_must_name_their_algorithm() -> None:
    with pytest.raises(HashError, match="is not SRI"):
        Hash.parse_sri(HEX)
    with pytest.raises(HashError, match="does not include a type"):
        Hash.parse_prefixed(HEX)
    with pytest.raises(HashError, match="a sha256 digest has 32 bytes, not 3"):
        Hash("sha256", b"abc")


@given(st.text(max_size=80), st.sampled_from([None, *SIZES]))
def test_any_text_is_read_or_refused(text: str, algo: str | None) -> None:
    with contextlib.suppress(HashError):
        Hash.parse(text, algo)


@given(st.binary(max_size=64), st.integers(1, 33))
def test_compress_folds_with_exclusive_or(data: bytes, size: int) -> None:
    wanted = bytearray(size)
    for index, byte in enumerate(data):
        wanted[index % size] ^= byte
    assert hashes.compress(data, size) == bytes(wanted)
