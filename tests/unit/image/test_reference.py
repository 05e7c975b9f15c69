"""Image names as Docker takes and refuses them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.image.reference import ImageNameError, Reference, check_name, check_tag

GOOD_NAMES = [
    "hello",
    "a",
    "a1",
    "a.b",
    "a_b",
    "a__b",
    "a-b",
    "a---b",
    "library/hello",
    "a/b/c/d",
    "localhost/a",
    "localhost:5000/a",
    "Registry.Example.com/a/b",
    "registry.example.com:443/team/app",
    "x" * 255,
]
BAD_NAMES = {
    "": "the name of an image is missing",
    "Hello": "'Hello' cannot be the name of an image: it must be lower case",
    "a:b": "'a:b' cannot be the name of an image: a tag does not belong into it",
    "a@sha256:00": "'a@sha256:00' cannot be the name of an image: a digest does not belong into it",
    "f" * 64: f"'{'f' * 64}' cannot be the name of an image: 64 hexadecimal digits are taken for an image ID",
    "x" * 256: f"'{'x' * 256}' cannot be the name of an image: it has 256 characters, at most 255 are allowed",
}
_RULE = "its parts, split by '/', are lower-case letters and digits, joined by '.', '_', '__' or dashes"
BAD_NAMES |= {
    name: f"'{name}' cannot be the name of an image: {_RULE}"
    for name in ["a b", "/a", "a/", "a//b", "a..b", "a___b", "-a", "a-", ".a", "_a", "a/-b", "ä", "a\n"]
}


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_docker_takes(name: str) -> None:
    check_name(name)
    assert str(Reference.parse(f"{name}:x")) == f"{name}:x"


@pytest.mark.parametrize("name", BAD_NAMES)
def test_docker_refuses(name: str) -> None:
    with pytest.raises(ImageNameError) as caught:
        check_name(name)
    assert str(caught.value) == BAD_NAMES[name]


@pytest.mark.parametrize("tag", ["latest", "1.0", "_", "A-b.C", "0" * 128])
def test_tags(tag: str) -> None:
    check_tag(tag)


@pytest.mark.parametrize("tag", ["", ".a", "-a", "a b", "a/b", "a:b", "0" * 129, "ä", "a\n"])
def test_wrong_tags(tag: str) -> None:
    with pytest.raises(ImageNameError):
        Reference("a", tag)


@pytest.mark.parametrize("text", ["hello", "localhost:5000/a", "a:", ""])
def test_a_reference_needs_a_tag(text: str) -> None:
    with pytest.raises(ImageNameError):
        Reference.parse(text)


@given(st.from_regex(r"([a-z0-9]{1,5}(\.|_|__|-{1,3}))?[a-z0-9]{1,8}(/[a-z0-9]{1,8}){0,3}", fullmatch=True))
def test_round_trip(name: str) -> None:
    assert Reference.parse(f"{name}:t") == Reference(name, "t")


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("hello:1", "docker.io/library/hello:1"),
        ("me/hello:1", "docker.io/me/hello:1"),
        ("example.org/hello:1", "example.org/hello:1"),
        ("localhost/hello:1", "localhost/hello:1"),
        ("host:5000/a/b:1", "host:5000/a/b:1"),
    ],
)
def test_full_and_familiar(short: str, full: str) -> None:
    assert Reference.parse(short).full == full
    assert Reference.familiar(full) == short
    assert Reference.familiar(short) == short
