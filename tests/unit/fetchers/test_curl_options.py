"""curl's options: which become wishes, which are ignored, which are refused by name."""

import pytest

from imagetools.bundled.fetchers.curl_options import IGNORED, IGNORED_WITH_VALUE, UNDERSTOOD, CurlOptionError, parse, wishes_from
from imagetools.net.ports import Wishes

UNDERSTOOD_CASES: dict[str, tuple[list[str], Wishes]] = {
    "nothing": ([], Wishes()),
    "headers": (["-H", "A: b: c", "--header", "D:e"], Wishes(headers=(("A", "b: c"), ("D", "e")))),
    "a header taken away": (["-H", "Accept:"], Wishes(headers=(("Accept", ""),))),
    "glued": (["-HA: b"], Wishes(headers=(("A", "b"),))),
    "several in a word": (["-sSfLk"], Wishes(verify=False)),
    "several, the last with a value": (["-sLA", "me"], Wishes(headers=(("User-Agent", "me"),))),
    "the rest of a word is the value": (["-sLume:pw"], Wishes(login=("me", "pw"))),
    "user": (["--user", "me:p:w"], Wishes(login=("me", "p:w"))),
    "bearer": (["--oauth2-bearer", "x"], Wishes(headers=(("Authorization", "Bearer x"),))),
    "cookie": (["-b", "a=b; c=d"], Wishes(headers=(("Cookie", "a=b; c=d"),))),
    "referer": (["-e", "http://h/;auto"], Wishes(headers=(("Referer", "http://h/"),))),
    "insecure": (["--insecure"], Wishes(verify=False)),
    "compressed": (["--compressed"], Wishes(decode=True)),
    "proxy": (["-x", "h:1", "--noproxy", "a,b"], Wishes(proxy="h:1", no_proxy="a,b")),
    "times": (["-m", "1.5", "--connect-timeout", "2", "--retry", "4"], Wishes(max_time=1.5, connect_timeout=2.0, attempts=5)),
    "no times": (["-m", "0", "--connect-timeout", "0"], Wishes()),
    "redirects": (["--max-redirs", "3"], Wishes(redirects=3)),
    "all redirects": (["--max-redirs", "-1"], Wishes()),
    "get": (["-X", "GET"], Wishes()),
    "what is done anyway": (sorted(IGNORED), Wishes()),
    "what does not matter": ([word for option in sorted(IGNORED_WITH_VALUE) for word in (option, "1")] + ["-C", "-"], Wishes()),
}


@pytest.mark.parametrize("name", UNDERSTOOD_CASES)
def test_understood(name: str) -> None:
    words, wishes = UNDERSTOOD_CASES[name]
    assert parse(words) == wishes


FORM = "--header needs a value of the form 'NAME: TEXT'"
REFUSED: dict[str, tuple[list[str], str]] = {
    "data": (["--data", "s3cret"], "--data has no meaning for a fetcher"),
    "short": (["-sd", "s3cret"], "-d has no meaning for a fetcher"),
    "output": (["-o", "x"], "-o has no meaning for a fetcher"),
    "digest": (["--digest"], "--digest has no meaning for a fetcher"),
    "no value": (["-H"], "--header needs a value"),
    "no colon": (["-H", "s3cret"], FORM),
    "a line break": (["-H", "a: s3cret\r\nB: c"], FORM),
    "a name with a blank": (["-H", "a b: s3cret"], FORM),
    "a file of headers": (["-H", "@s3cret"], "--header with a file of headers is not supported"),
    "an empty header": (["-H", "a;"], "--header with an empty header is not supported"),
    "a file of cookies": (["-b", "s3cret"], "--cookie with a file of cookies is not supported"),
    "a login without a password": (
        ["-u", "s3cret"],
        "--user needs a value of the form 'NAME:PASSWORD': nobody is there to be asked",
    ),
    "no number": (["--max-time", "s3cret"], "--max-time needs a number"),
    "a negative number": (["--retry", "-3"], "--retry needs a number"),
    "post": (["-X", "POST"], "--request can only be GET: a fetcher changes nothing elsewhere"),
    "a further address": (["s3cret"], "list holds a word that is no option: further addresses belong into `urls`"),
    "a dash": (["-"], "list holds a word that is no option: further addresses belong into `urls`"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    words, message = REFUSED[name]
    with pytest.raises(CurlOptionError) as caught:
        parse(words)
    assert caught.value.message == f"curl's option {message}"
    assert "s3cret" not in caught.value.message + (caught.value.hint or "")


def test_where_options_come_from() -> None:
    env = {"curlOpts": "-H A:b --compressed", "curlOptsList": "-H 'C: d e'", "NIX_CURL_FLAGS": "-k"}
    assert wishes_from(env) == Wishes(headers=(("A", "b"), ("C", "d e")), decode=True, verify=False)
    with pytest.raises(CurlOptionError, match="a quote is not closed"):
        wishes_from({"curlOptsList": "-H 's3cret"})


def test_wishes_are_not_shown() -> None:
    assert "s3cret" not in repr(Wishes(login=("a", "s3cret"), headers=(("A", "s3cret"),)))


def test_the_page_names_them() -> None:
    from pathlib import Path

    from imagetools.bundled import fetchers

    page = Path(fetchers.__file__).with_name("fetchurl").joinpath("fetchurl.md").read_text(encoding="utf-8")
    assert [option for option in (*UNDERSTOOD, *IGNORED, *IGNORED_WITH_VALUE) if f"`{option}`" not in page] == []
