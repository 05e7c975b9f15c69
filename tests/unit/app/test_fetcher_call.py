import pytest

from imagetools.app.fetcher_call import FetcherCall, NoFileNameError, file_name, literal


def test_the_expression_is_laid_out_for_pasting() -> None:
    call = FetcherCall("fetchgit", {"url": "https://h/r.git", "deepClone": True, "sparseCheckout": ("a", "b c"), "stripLen": 1})
    assert call.expression("sha256-x") == (
        'fetchgit {\n  url = "https://h/r.git";\n  deepClone = true;\n  sparseCheckout = [ "a" "b c" ];\n  stripLen = 1;\n'
        '  hash = "sha256-x";\n}'
    )
    assert not call.has_secret


def test_what_is_evaluated_gets_the_url_from_outside() -> None:
    call = FetcherCall("fetchurl", {"url": "https://me:s3cret@h/x", "name": "x"})
    text = call.to_evaluate("/set", "")
    assert text == '{ url }: (import "/set" { config = { }; }).fetchurl { inherit url; name = "x"; hash = ""; }'
    assert "inherit" not in FetcherCall("fetchFromGitHub", {"owner": "o"}).to_evaluate("/set", "")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:s3cret@h/x", "https://***@h/x"),
        ("https://s3cret@h/x", "https://***@h/x"),
        ("https://h/x?token=s3cret&a=1", "https://h/x?token=***&a=1"),
        ("ssh://git@h/x", "ssh://git@h/x"),
        ("git+ssh://git@h/x", "git+ssh://git@h/x"),
        ("ssh://git:s3cret@h/x", "ssh://***@h/x"),
        ("git@h:x", "git@h:x"),
    ],
)
def test_secrets_are_not_printed(url: str, shown: str) -> None:
    call = FetcherCall("fetchgit", {"url": url})
    assert f'url = "{shown}";' in call.expression("")
    assert call.has_secret == (url != shown)
    assert call.shown_arguments() == {"url": shown}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("${x} $y $${z}", '"\\${x} $y $\\${z}"'),
        ("a\nb\tc\r", '"a\\nb\\tc\\r"'),
        (False, "false"),
        ((1, 2), "[ 1 2 ]"),
        ((), "[ ]"),
    ],
)
def test_literals(value: str | bool | tuple[int, ...], text: str) -> None:
    assert literal(value) == text


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://h/tool-1.0.tar.gz", None),
        ("https://h/tool-1.0.tar.gz?raw=1", None),
        ("https://h/dir/", None),
        ("mirror://gnu/hello.tar.gz", None),
        ("https://h/tool?token=s3cret", "tool"),
        ("https://h/a%20b", "a-b"),
        ("https://h/a b&c", "a-b-c"),
        ("https://h/.hidden", None),
        ("https://h/x?a=b/c d", "x"),
        ("https://h/" + "a" * 300, "a" * 211),
    ],
)
def test_file_names(url: str, name: str | None) -> None:
    assert file_name(url) == name


@pytest.mark.parametrize("url", ["https://h/%20", "https://h/?token=x"])
def test_no_file_name(url: str) -> None:
    with pytest.raises(NoFileNameError, match="cannot figure out a file name"):
        file_name(url)
