"""mirror:// URLs and what they stand for."""

import json
from pathlib import Path

import pytest

from imagetools.bundled.fetchers import mirrors
from imagetools.bundled.fetchers.mirrors import UnknownMirrorError, expand


def test_the_places_in_order() -> None:
    assert expand(["http://a/b", "mirror://gnu/hello/h.tar.gz"], {}) == [
        "http://a/b",
        "https://ftpmirror.gnu.org/hello/h.tar.gz",
        "https://ftp.gnu.org/pub/gnu/hello/h.tar.gz",
    ]


def test_what_the_environment_says_counts_more() -> None:
    env = {"NIX_MIRRORS_gnu": "http://a http://b/", "NIX_MIRRORS_mine": "http://c"}
    assert expand(["mirror://gnu/x", "mirror://mine/y"], env) == ["http://a/x", "http://b/x", "http://c/y"]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mirror://nowhere/x", "'mirror://nowhere/x': the site 'nowhere' is not in the table of mirrors"),
        ("mirror://gnu", "'mirror://gnu' names no site and file"),
        ("mirror:///x", "'mirror:///x' names no site and file"),
    ],
)
def test_unknown(url: str, message: str) -> None:
    with pytest.raises(UnknownMirrorError) as caught:
        expand([url], {})
    assert caught.value.message == message
    assert caught.value.hint is not None


def test_the_table() -> None:
    table = json.loads(Path(mirrors.__file__).with_name("mirrors.json").read_text(encoding="utf-8"))
    assert list(table) == sorted(table)
    assert all(place.startswith("https://") and place.endswith("/") for places in table.values() for place in places)
