"""Store paths and store directories as values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.formats.store_path import StoreDir, StoreNameError, StorePath, StorePathError, check_name

PART = "3x7dwzq014bblazs7kq20p9hyzz0qh8g"
NAMES = st.from_regex(r"[0-9A-Za-z+\-_?=][0-9A-Za-z+\-._?=]{0,60}", fullmatch=True)


def paths() -> st.SearchStrategy[StorePath]:
    return st.builds(StorePath, st.binary(min_size=20, max_size=20), NAMES)


@given(paths())
def test_a_path_comes_back(path: StorePath) -> None:
    store = StoreDir("/some/store")
    again = StorePath.parse(path.base_name)
    assert again == path and hash(again) == hash(path) and again.digest == path.digest and again.name == path.name
    assert store.parse(store.join(path)) == path
    assert store.parse_prefix(store.join(path) + "/bin/sh") == (path, "/bin/sh")
    assert store.parse_prefix(store.join(path)) == (path, "")


@given(paths(), paths())
def test_order_is_that_of_the_texts(one: StorePath, other: StorePath) -> None:
    assert (one < other) == (str(one) < str(other))
    assert (one <= other) == (str(one) <= str(other))
    assert (one > other) == (str(one) > str(other))
    assert (one >= other) == (str(one) >= str(other))


def test_derivations_are_known_by_their_name() -> None:
    assert StorePath.parse(f"{PART}-x.drv").is_derivation
    assert not StorePath.parse(f"{PART}-x.drv.txt").is_derivation


@pytest.mark.parametrize("name", ["a", "-", "...", ".a", "..a", "a..", ".a-b", "A+b-c.d_e?f=9", "x" * 211])
def test_names_that_are_allowed(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "name must not be empty"),
        (".", "name '.' is not valid"),
        ("..", "name '..' is not valid"),
        (".-x", "name '.-x' is not valid: first dash-separated component must not be '.'"),
        ("..-x", "name '..-x' is not valid: first dash-separated component must not be '..'"),
        ("a b", "name 'a b' contains illegal character ' '"),
        ("a\nb\x1b", "name 'a\\nb\\x1b' contains illegal character '\\n'"),
        ("a/b", "name 'a/b' contains illegal character '/'"),
        ("a\n", r"name 'a\n' contains illegal character '\n'"),
        ("ü", "name 'ü' contains illegal character 'ü'"),
        ("x" * 212, f"name '{'x' * 212}' must be no longer than 211 characters"),
    ],
)
def test_names_that_are_refused(name: str, sentence: str) -> None:
    with pytest.raises(StoreNameError) as caught:
        check_name(name)
    assert caught.value.message == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("abc", "path 'abc' is too short to be a valid store path"),
        (f"{PART}x-a", f"path '{PART}x-a' is not a valid store path: the hash part is not followed by a '-'"),
        (f"e{PART[1:]}-a", f"path 'e{PART[1:]}-a' is not a valid store path: its hash part is not in Nix's base 32"),
        (f"{PART}-", f"path '{PART}-' is not a valid store path: name must not be empty"),
        (
            f"{PART}-a/b",
            f"path '{PART}-a/b' is not a valid store path: name 'a/b' contains illegal character '/'",
        ),
    ],
)
def test_base_names_that_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(StorePathError) as caught:
        StorePath.parse(text)
    assert caught.value.message == sentence


@pytest.mark.parametrize(
    "text", ["", f"{PART}-a", f"/nix/stor/{PART}-a", f"/nix/store{PART}-a", "/nix/store", "/nix/store/", f"/nix/store//{PART}-a"]
)
def test_texts_outside_of_the_store_are_refused(text: str) -> None:
    with pytest.raises(StorePathError):
        StoreDir("/nix/store").parse(text)
    with pytest.raises(StorePathError):
        StoreDir("/nix/store").parse_prefix(text)


def test_a_path_below_an_object_is_no_store_path() -> None:
    with pytest.raises(StorePathError):
        StoreDir().parse(f"/nix/store/{PART}-a/b")


@pytest.mark.parametrize("path", ["", "nix", "/", "/nix/", "//nix", "/nix/../x", "/./nix"])
def test_store_directories_are_canonical(path: str) -> None:
    with pytest.raises(StorePathError, match="must be absolute and canonical"):
        StoreDir(path)


def test_store_directories_are_values() -> None:
    assert StoreDir() == StoreDir("/nix/store") and hash(StoreDir()) == hash(StoreDir("/nix/store"))
    assert StoreDir() != StoreDir("/gnu/store")
    assert str(StoreDir("/a/b")) == "/a/b"
    assert (
        StoreDir().contains("/nix/store/x") and not StoreDir().contains("/nix/store/") and not StoreDir().contains("/nix/storex")
    )


def test_a_wrong_digest_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="20 bytes"):
        StorePath(b"short", "a")
