import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.net.redact import mask, redact, redact_text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org/x?y=1", "https://example.org/x?y=1"),
        ("https://user:pass@example.org/x", "https://***@example.org/x"),
        ("https://token@example.org/x", "https://***@example.org/x"),
        ("https://a:p@ss@example.org:8080/x#f", "https://***@example.org:8080/x#f"),
        ("https://h/x?token=abc&y=1", "https://h/x?token=***&y=1"),
        ("https://h/x?X-Amz-Signature=abc&X-Amz-Date=2", "https://h/x?X-Amz-Signature=***&X-Amz-Date=2"),
        ("https://h/x?access_token=abc", "https://h/x?access_token=***"),
        ("https://h/x?private_token=abc&sig=d", "https://h/x?private_token=***&sig=***"),
        ("https://h/x?monkey=1&design=2", "https://h/x?monkey=1&design=2"),
        ("http://[bad", "http://[bad"),
        ("no url", "no url"),
    ],
)
def test_secrets_go(url: str, shown: str) -> None:
    assert redact(url) == shown


def test_sentences() -> None:
    assert redact_text("proxy http://me:word@host:1/ failed, http://u@h") == "proxy http://***@host:1/ failed, http://***@h"


@given(st.from_regex(r"[a-z0-9%!$]{1,8}", fullmatch=True), st.from_regex(r"SECRET[a-z0-9@:%]{0,8}", fullmatch=True))
def test_no_password_survives(name: str, password: str) -> None:
    assert "SECRET" not in redact(f"https://{name}:{password}@host/path")
    assert "SECRET" not in redact_text(f"see https://{name}:{password}@host/path now")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('  url = "https://me:s3cret@h/x"; # y', '  url = "https://*********@h/x"; # y'),
        ('[ "http://h/x?a=1&token=abc" "https://t@h" ]', '[ "http://h/x?a=1&token=***" "https://*@h" ]'),
        ("url = http://h/x?token=abc;", "url = http://h/x?token=****"),
        ('"-H" "Authorization: Bearer s3cret" ]', '"-H" "Authorization: *************" ]'),
        ("a + b # http://h/@x?y=@", "a + b # http://h/@x?y=@"),
        ("https://", "https://"),
    ],
)
def test_lines_of_a_definition_keep_their_length(line: str, shown: str) -> None:
    assert mask(line) == shown
    assert len(shown) == len(line)
