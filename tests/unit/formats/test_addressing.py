"""How store paths are computed: vectors of the seeds (Appendix A), of real Nix (golden), and the rules about references."""

import pytest

from imagetools.formats.addressing import (
    AddressingError,
    content_path,
    fixed_path,
    output_name,
    placeholder,
    source_path,
    text_path,
)
from imagetools.formats.content_address import ContentAddress
from imagetools.formats.store_path import StoreDir, StoreNameError, StorePath
from imagetools.kernel.hashes import Hash, digest

STORE = StoreDir("/nix/store")
FLAT = Hash.parse("sha256:0ssi1wpaf7plaswqqjwigppsg5fyh99vdlb9kzl7c9lng89ndq1i")
TREE = Hash.parse("sha256:079agjlv0hrv7fxnx9ngipx14gyncbkllxrp9cccnh3a50fxcmy7")
SHA1 = Hash.parse("sha1:e4fd8ba5f7bbeaea5ace89fe10255536cd60dab6")
MD5 = Hash.parse("md5:8179d3caeff1869b5ba1744e5a245c04")
OTHER = StorePath(bytes(20), "other")
LATER = StorePath(b"\xff" * 20, "later")


def test_vectors_of_the_manual() -> None:
    assert STORE.join(fixed_path(STORE, "hello-2.10.tar.gz", "flat", FLAT)) == (
        "/nix/store/3x7dwzq014bblazs7kq20p9hyzz0qh8g-hello-2.10.tar.gz"
    )
    assert STORE.join(fixed_path(STORE, "0.8.tar.gz", "nar", TREE)) == "/nix/store/19zrmhm3m40xxaw81c8cqm6aljgrnwj2-0.8.tar.gz"


def test_vectors_of_real_nix() -> None:
    """From the golden derivations and from ``nix-store --add``."""
    assert str(fixed_path(STORE, "x", "nar", SHA1)) == "zk0ym49xly1xl7l65hhz4bxa3l1rsj9y-x"
    assert str(fixed_path(STORE, "x", "flat", MD5)) == "cglqmirvxp7bf1cqzf1cd7a0nzsalfk2-x"
    assert str(text_path(STORE, "a.txt", b"hello")) == "wzflyq5q9kjg4p27yck2nnispnblxsnh-a.txt"
    nar = Hash.parse("sha256-jwzJDKF1wGfOv59Uq3lXP7a2mQCa5OclYuMcYHSNbQc=")
    assert str(source_path(STORE, "test", nar)) == "5ixwbbddbh3xb74079ky6ahkwz5bik58-test"
    assert placeholder("dev") == "/02qcpld1y6xhs5gz9bchpxaw0xdhmsp5dv88lh25r2ss44kh8dxz"


def test_a_recursive_sha256_output_is_a_source() -> None:
    assert fixed_path(STORE, "n", "nar", TREE, [OTHER], True) == source_path(STORE, "n", TREE, [OTHER], True)


def test_references_are_a_sorted_set() -> None:
    once = text_path(STORE, "n", b"x", [OTHER, LATER])
    assert text_path(STORE, "n", b"x", [LATER, OTHER, LATER]) == once
    assert text_path(STORE, "n", b"x") != once
    assert source_path(STORE, "n", TREE, [], True) != source_path(STORE, "n", TREE)


def test_the_store_directory_is_part_of_the_path() -> None:
    assert fixed_path(StoreDir("/gnu/store"), "n", "flat", FLAT) != fixed_path(STORE, "n", "flat", FLAT)


def test_content_addresses_give_the_same_paths() -> None:
    assert content_path(STORE, "n", ContentAddress("flat", FLAT)) == fixed_path(STORE, "n", "flat", FLAT)
    assert content_path(STORE, "n", ContentAddress("nar", TREE), [OTHER], True) == source_path(STORE, "n", TREE, [OTHER], True)
    text = ContentAddress("text", digest("sha256", b"x"))
    assert content_path(STORE, "n", text, [OTHER]) == text_path(STORE, "n", b"x", [OTHER])
    with pytest.raises(AddressingError, match="a text cannot refer to itself"):
        content_path(STORE, "n", text, [], True)


@pytest.mark.parametrize(("method", "value"), [("flat", FLAT), ("nar", SHA1), ("flat", MD5)])
def test_other_fixed_outputs_cannot_have_references(method: str, value: Hash) -> None:
    with pytest.raises(AddressingError) as caught:
        fixed_path(STORE, "n", method, value, [OTHER])
    reason = f"a fixed output of method '{method}' and {value.algo} may not refer to store paths"
    assert caught.value.message == f"no store path can be computed for 'n': {reason}"
    with pytest.raises(AddressingError):
        fixed_path(STORE, "n", method, value, (), True)


def test_refused() -> None:
    with pytest.raises(AddressingError, match="'text' is not a method of fixed outputs"):
        fixed_path(STORE, "n", "text", FLAT)
    with pytest.raises(AddressingError, match="a source is addressed by sha256, not sha1"):
        source_path(STORE, "n", SHA1)
    with pytest.raises(StoreNameError):
        text_path(STORE, "a b", b"")


def test_only_out_has_no_suffix() -> None:
    assert output_name("gcc", "out") == "gcc"
    assert output_name("gcc", "lib") == "gcc-lib"
