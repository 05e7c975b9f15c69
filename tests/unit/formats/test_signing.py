"""Keys and signatures: RFC 8032's vectors, texts both ways, what counts as signed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.formats.path_info import PathInfo
from imagetools.formats.signing import KeyTextError, PublicKey, SecretKey, Signature, sign, valid_signatures
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.kernel.hashes import digest

SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
KEY = SecretKey.from_seed("test-1", SEED)
STORE = StoreDir()
INFO = PathInfo(StorePath(bytes(20), "p"), digest("sha256", b"nar"), 120)

CACHE_NIXOS_ORG = "cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY="


def test_vector_of_rfc_8032() -> None:
    """Section 7.1, test 2."""
    assert KEY.public.data.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    signature = KEY.sign("r")
    assert signature.data.hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert KEY.public.verifies("r", signature)
    assert not KEY.public.verifies("s", signature)
    assert not PublicKey("test-2", KEY.public.data).verifies("r", signature)


@given(st.binary(min_size=32, max_size=32))
def test_texts_come_back(seed: bytes) -> None:
    key = SecretKey.from_seed("some.host-1", seed)
    assert SecretKey.parse(str(key) + "\n") == key
    assert PublicKey.parse(str(key.public)) == key.public
    assert Signature.parse(str(key.sign("x"))) == key.sign("x")


def test_the_well_known_key() -> None:
    """Row 7.018."""
    key = PublicKey.parse(CACHE_NIXOS_ORG)
    assert key.name == "cache.nixos.org-1" and str(key) == CACHE_NIXOS_ORG


def test_a_secret_key_does_not_show_itself() -> None:
    assert repr(KEY) == "SecretKey(name='test-1')"


def test_which_keys_have_signed() -> None:
    other = SecretKey.from_seed("test-2", bytes(32))
    signed = sign(INFO, STORE, [KEY, other])
    assert len(signed.signatures) == 2
    assert sign(signed, STORE, [KEY]).signatures == signed.signatures
    keys = [KEY.public, other.public, SecretKey.from_seed("test-3", bytes(32)).public]
    assert valid_signatures(signed, STORE, keys) == 2
    assert valid_signatures(signed, STORE, [KEY.public, KEY.public]) == 1
    assert valid_signatures(INFO, STORE, keys) == 0
    moved = PathInfo(StorePath(bytes(20), "q"), INFO.nar_hash, INFO.nar_size, signatures=(*signed.signatures, "junk"))
    assert valid_signatures(moved, STORE, keys) == 0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it must have the form 'name:base64'"),
        ("name", "it must have the form 'name:base64'"),
        (":AAAA", "it must have the form 'name:base64'"),
        ("k:A", "what follows 'k:' is not base-64"),
        ("k:AA-A", "what follows 'k:' is not base-64"),
        ("k:ü", "what follows 'k:' is not base-64"),
        ("k:AAAA", "'k' has 3 bytes instead of 32"),
        ("k:", "'k' has 0 bytes instead of 32"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(KeyTextError) as caught:
        PublicKey.parse(text)
    assert caught.value.message == f"public key is corrupt: {reason}"


def test_halves_that_do_not_belong_together() -> None:
    wrong = SecretKey("k", SEED + bytes(32))
    with pytest.raises(KeyTextError, match="the public half of 'k' does not belong to the secret half"):
        SecretKey.parse(str(wrong))
    with pytest.raises(KeyTextError, match="must not be empty or contain a colon"):
        SecretKey.from_seed("a:b", SEED)
