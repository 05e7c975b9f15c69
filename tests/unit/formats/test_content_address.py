"""Content addresses as text."""

import pytest

from imagetools.formats.content_address import ContentAddress, ContentAddressError
from imagetools.kernel.hashes import Hash

ZERO = Hash.zero("sha256")
B32 = "0" * 52


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"text:sha256:{B32}", ContentAddress("text", ZERO)),
        (f"fixed:sha256:{B32}", ContentAddress("flat", ZERO)),
        (f"fixed:r:sha256:{B32}", ContentAddress("nar", ZERO)),
        (f"fixed:r:sha1:{'0' * 32}", ContentAddress("nar", Hash.zero("sha1"))),
    ],
)
def test_both_ways(text: str, value: ContentAddress) -> None:
    assert ContentAddress.parse(text) == value
    assert str(value) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it begins neither with 'text:' nor with 'fixed:'"),
        (f"sha256:{B32}", "it begins neither with 'text:' nor with 'fixed:'"),
        (f"fixed:{B32}", "its hash must be in form '<algo>:<hash>'"),
        ("fixed:r:sha256-AAAA", "its hash must be in form '<algo>:<hash>'"),
        (f"text:sha1:{'0' * 32}", "a text is addressed by sha256, not sha1"),
        ("fixed:sha256:xyz", "hash 'xyz' has wrong length for hash algorithm 'sha256'"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(ContentAddressError) as caught:
        ContentAddress.parse(text)
    assert caught.value.message == f"'{text}' is not a content address: {reason}"
