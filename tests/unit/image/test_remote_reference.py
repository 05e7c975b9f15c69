import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.image.reference import ImageNameError
from imagetools.image.remote_reference import RemoteReference

D = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest", "host"),
    [
        ("hello", "docker.io", "library/hello", "latest", None, "registry-1.docker.io"),
        ("docker://hello:1", "docker.io", "library/hello", "1", None, "registry-1.docker.io"),
        ("nixos/nix", "docker.io", "nixos/nix", "latest", None, "registry-1.docker.io"),
        ("index.docker.io/hello", "docker.io", "library/hello", "latest", None, "registry-1.docker.io"),
        ("docker.io/hello", "docker.io", "library/hello", "latest", None, "registry-1.docker.io"),
        ("localhost/a", "localhost", "a", "latest", None, "localhost"),
        ("localhost:5000/a/b:2", "localhost:5000", "a/b", "2", None, "localhost:5000"),
        ("Host/a", "Host", "a", "latest", None, "Host"),
        ("[::1]:5000/a", "[::1]:5000", "a", "latest", None, "[::1]:5000"),
        (f"quay.io/a/b@{D}", "quay.io", "a/b", None, D, "quay.io"),
        (f"quay.io/a/b:1@{D}", "quay.io", "a/b", "1", D, "quay.io"),
    ],
)
def test_names(text: str, registry: str, repository: str, tag: str | None, digest: str | None, host: str) -> None:
    found = RemoteReference.parse(text)
    assert found == RemoteReference(registry, repository, tag, digest)
    assert found.host == host
    assert RemoteReference.parse(str(found)) == found


def test_what_else_it_tells() -> None:
    found = RemoteReference.parse("hello:1")
    assert (found.name, found.familiar, found.selector) == ("docker.io/library/hello", "hello:1", "1")
    assert RemoteReference.parse("a/b", default_tag=None).tag is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the name of an image is missing"),
        ("docker://", "the name of an image is missing"),
        ("quay.io/", "the name of an image is missing"),
        ("hello:", "the tag of an image is missing"),
        ("Hello", "'Hello' cannot be the name of an image: it must be lower case"),
        ("hello:a b", "'a b' cannot be the tag of an image"),
        ("hello@sha256:1", "'sha256:1' cannot be the digest of an image: it must be sha256:"),
        ("hello@", "the digest of an image is missing"),
        ("ho st.x/a", "'ho st.x' cannot be the registry of an image: it must be a host"),
        ("https://quay.io/a", "cannot be the registry of an image"),
    ],
)
def test_what_is_no_name(text: str, reason: str) -> None:
    with pytest.raises(ImageNameError) as caught:
        RemoteReference.parse(text)
    assert reason in caught.value.message


def test_a_name_without_tag_and_digest_selects_nothing() -> None:
    with pytest.raises(ImageNameError):
        _ = RemoteReference("quay.io", "a").selector


@given(st.text())
def test_nothing_else_is_raised(text: str) -> None:
    try:
        found = RemoteReference.parse(text)
    except ImageNameError:
        return
    assert RemoteReference.parse(str(found)) == found
