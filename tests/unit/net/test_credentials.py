import pytest

from imagetools.net.credentials import Login, Netrc, NetrcError, split_login

TEXT = """
# a comment
machine example.org
    login me
    password "two words"
machine other.test login a password b account c
macdef init
    machine trap login x password y

default login anonymous password guest
"""


def test_lookup() -> None:
    netrc = Netrc(TEXT)
    assert netrc.lookup("EXAMPLE.org") == Login("me", "two words")
    assert netrc.lookup("other.test") == Login("a", "b")
    assert netrc.lookup("trap") == Login("anonymous", "guest")
    assert Netrc("").lookup("x") is None


@pytest.mark.parametrize("text", ["machine", "machine h\nlogin", "S3CRET h", 'machine h password "S3CRET'])
def test_broken_files_are_refused_without_quoting_them(text: str) -> None:
    with pytest.raises(NetrcError) as caught:
        Netrc(text)
    assert "S3CRET" not in caught.value.message


def test_logins_in_urls() -> None:
    assert split_login("https://u%40x:p%3A@h:1/a?b") == ("https://h:1/a?b", Login("u@x", "p:"))
    assert split_login("https://h/a@b") == ("https://h/a@b", None)


def test_a_login_does_not_show_itself() -> None:
    assert "word" not in repr(Login("me", "word"))
