"""URLs taken apart and put together as Nix does it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.instantiate.fetching.errors import BadUrl
from imagetools.instantiate.fetching.url import Url, as_ascii, percent_decode, percent_encode


@pytest.mark.parametrize(
    ("text", "scheme", "authority", "path", "query", "fragment"),
    [
        ("http://www.example.org/file.tar.gz", "http", "www.example.org", "/file.tar.gz", (), ""),
        ("https://u:p@h:8080/a/b?x=1&y=a%20b#frag", "https", "u:p@h:8080", "/a/b", (("x", "1"), ("y", "a b")), "frag"),
        ("file:///some/path", "file", "", "/some/path", (), ""),
        ("file:/some/path", "file", None, "/some/path", (), ""),
        ("file://", "file", "", "/", (), ""),
        ("git+ssh://git@host/a%20b.git", "git+ssh", "git@host", "/a%20b.git", (), ""),
        ("path:./x", "path", None, "./x", (), ""),
        ("github:owner/repo/branch?host=h", "github", None, "owner/repo/branch", (("host", "h"),), ""),
        ("http://[fe80::818c:da4d:8975:415c%enp0s25]:8080/", "http", "[fe80::818c:da4d:8975:415c%enp0s25]:8080", "/", (), ""),
        ("ssh://127.0.0.1", "ssh", "127.0.0.1", "", (), ""),
        ("http://h/?novalue&a=1&a=2", "http", "h", "/", (("a", "1"),), ""),
    ],
)
def test_parts(
    text: str, scheme: str, authority: str | None, path: str, query: tuple[tuple[str, str], ...], fragment: str
) -> None:
    url = Url.parse(text)
    assert (url.scheme, url.authority, url.path, url.query, url.fragment) == (scheme, authority, path, query, fragment)


@pytest.mark.parametrize(
    "text", ["", "/path", "no scheme", "1http://x", "http://a b/", "http://h/ x", "HTTP://x", "http://h/<x>"]
)
def test_what_is_no_url(text: str) -> None:
    with pytest.raises(BadUrl, match="is not a valid URL"):
        Url.parse(text)


def test_a_file_url_has_no_host() -> None:
    with pytest.raises(BadUrl, match="has unexpected authority 'host'"):
        Url.parse("file://host/x")


@pytest.mark.parametrize("text", ["http://h/?a=%", "http://h/?a=%2"])
def test_a_percent_sign_without_digits(text: str) -> None:
    with pytest.raises(BadUrl):
        Url.parse(text)


@pytest.mark.parametrize("text", ["https://u:p@h:8080/a/b?x=1&y=a%20b#frag", "file:///x", "path:./x", "git+file:///x?ref=a/b"])
def test_there_and_back(text: str) -> None:
    assert str(Url.parse(text)) == text


@given(st.text(st.characters(max_codepoint=255)))
def test_values_of_a_query(text: str) -> None:
    assert percent_decode(percent_encode(text)) == text
    assert Url.parse(f"x:?a={percent_encode(text)}").query == (("a", text),)


@given(st.text(st.characters(max_codepoint=255)))
def test_what_is_sent_is_ascii(text: str) -> None:
    assert as_ascii(text).isascii()
    assert " " not in as_ascii(text)
