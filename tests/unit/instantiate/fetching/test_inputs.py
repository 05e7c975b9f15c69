"""Inputs of every kind: from URLs and attributes, and what is refused."""

import pytest

from imagetools.instantiate.fetching.attributes import Input
from imagetools.instantiate.fetching.errors import FetchingError, NotSupportedHere
from imagetools.instantiate.fetching.schemes import SCHEMES, of_attributes, of_url, scheme_of
from imagetools.instantiate.fetching.url import Url
from imagetools.kernel.errors import ImagetoolsError

REV = "0123456789012345678901234567890123456789"
HASH = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ("git+https://h/x.git?ref=a/b", {"type": "git", "url": "https://h/x.git", "ref": "a/b"}),
        (f"git+ssh://git@h/x?rev={REV}", {"type": "git", "url": "ssh://git@h/x", "rev": REV}),
        ("git://h/x?submodules=1&shallow=0", {"type": "git", "url": "git://h/x", "submodules": True, "shallow": False}),
        ("git+file:///x?other=1", {"type": "git", "url": "file:///x?other=1"}),
        ("hg+http://h/x?ref=b", {"type": "hg", "url": "http://h/x", "ref": "b"}),
        ("path:/x?lastModified=7&revCount=3", {"type": "path", "path": "/x", "lastModified": 7, "revCount": 3}),
        ("https://h/x.tar.gz", {"type": "tarball", "url": "https://h/x.tar.gz"}),
        (f"https://h/x.zip?narHash={HASH}", {"type": "tarball", "url": "https://h/x.zip", "narHash": HASH}),
        ("tarball+https://h/x", {"type": "tarball", "url": "https://h/x"}),
        ("https://h/x", {"type": "file", "url": "https://h/x"}),
        ("file+https://h/x.tar.gz", {"type": "file", "url": "https://h/x.tar.gz"}),
        ("github:o/r", {"type": "github", "owner": "o", "repo": "r"}),
        ("github:o/r/b", {"type": "github", "owner": "o", "repo": "r", "ref": "b"}),
        ("github:o/r/b/c?host=g.example", {"type": "github", "owner": "o", "repo": "r", "ref": "b/c", "host": "g.example"}),
        (f"gitlab:o/r/{REV}", {"type": "gitlab", "owner": "o", "repo": "r", "rev": REV}),
        (f"sourcehut:~o/r?rev={REV}", {"type": "sourcehut", "owner": "~o", "repo": "r", "rev": REV}),
    ],
)
def test_urls(text: str, attributes: dict[str, object]) -> None:
    given = of_url(text)
    assert given.attributes == attributes
    assert Url.parse(scheme_of(given).to_url(given)).scheme.rpartition("+")[2] == Url.parse(text).scheme.rpartition("+")[2]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("ftp://h/x", "input 'ftp://h/x' is unsupported"),
        ("nothing:x", "input 'nothing:x' is unsupported"),
        ("path://h/x", "path URL 'path://h/x' should not have an authority ('h')"),
        ("path:/x?wrong=1", "path URL 'path:/x?wrong=1' has unsupported parameter 'wrong'"),
        ("path:/x?revCount=a", "path URL 'path:/x?revCount=a' has invalid parameter 'revCount'"),
        ("github:o", "URL 'github:o' is invalid"),
        ("github:o/r/a?ref=b", "URL 'github:o/r/a?ref=b' contains multiple branch/tag names"),
        (f"github:o/r/{REV}?rev={REV}", "contains multiple commit hashes"),
        (f"github:o/r/b?rev={REV}", "contains both a commit hash and a branch/tag name"),
        ("github:o/r/a$b", "in URL 'github:o/r/a$b', 'a$b' is not a commit hash or branch/tag name"),
        ("github:o/r?host=a/b", "'a/b' is not the host of a github instance"),
        ("git+https://h/x?ref=..", "invalid Git branch/tag name '..'"),
        ("git+https://h/x?rev=abc", "hash 'abc' has wrong length"),
        ("hg+https://h/x?ref=-x", "invalid Mercurial branch/tag name '-x'"),
    ],
)
def test_urls_that_make_no_sense(text: str, sentence: str) -> None:
    with pytest.raises(ImagetoolsError) as caught:
        of_url(text)
    assert sentence in caught.value.message


def test_registries_are_named() -> None:
    with pytest.raises(NotSupportedHere, match="nixpkgs' is to be looked up in a flake registry"):
        of_url("flake:nixpkgs")
    with pytest.raises(NotSupportedHere, match="nixpkgs' is to be looked up in a flake registry"):
        of_attributes({"type": "indirect", "id": "nixpkgs"})


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ({"type": "git", "url": "https://h", "revCount": "x"}, "input attribute 'revCount' is not an integer"),
        ({"type": "git", "url": "https://h", "lastModified": True}, "input attribute 'lastModified' is not an integer"),
        ({"type": "git", "url": "https://h", "rev": 1}, 'input attribute \'rev\' is not a string {"rev":1,"type":"git"'),
        ({"type": "git", "url": "https://h", "narHash": "md5-AAAAAAAAAAAAAAAAAAAAAA=="}, "narHash must use SHA-256"),
        ({"type": "git", "url": "https://h", "narHash": "0" * 52}, "is not SRI"),
        ({"type": "tarball", "url": "x", "ref": "y"}, "unsupported tarball input attribute 'ref'"),
        ({"type": "path"}, "input attribute 'path' is missing"),
        ({"type": "github", "owner": "o", "repo": "r", "url": "x"}, "unsupported input attribute 'url'"),
        ({"type": "github", "owner": "o", "repo": "r", "ref": "a", "rev": REV}, "contains both"),
        ({"type": "none"}, 'cannot fetch unsupported input \'{"type":"none"}\''),
    ],
)
def test_attributes_that_make_no_sense(attributes: dict[str, str | int | bool], sentence: str) -> None:
    with pytest.raises(ImagetoolsError) as caught:
        of_attributes(attributes)
    assert sentence in caught.value.message


def test_what_is_locked() -> None:
    assert not Input({"type": "git"}).locked
    assert Input({"type": "git", "rev": REV}).locked
    assert Input({"type": "git", "narHash": ""}).locked


def test_every_kind_has_a_name_of_its_own() -> None:
    kinds = [scheme.kind for scheme in SCHEMES]
    assert len(set(kinds)) == len(kinds)
    with pytest.raises(FetchingError):
        scheme_of(Input({"type": "flake"}))
