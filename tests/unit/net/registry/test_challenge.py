import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.net.registry.challenge import Challenge, read_challenges


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], ()),
        ([""], ()),
        (['Basic realm="x"'], (Challenge("basic", {"realm": "x"}),)),
        (["Basic"], (Challenge("basic"),)),
        (
            ['Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"'],
            (
                Challenge(
                    "bearer",
                    {
                        "realm": "https://auth.docker.io/token",
                        "service": "registry.docker.io",
                        "scope": "repository:a/b:pull,push",
                    },
                ),
            ),
        ),
        (
            ['bearer REALM = "a\\"b" , error=insufficient_scope'],
            (Challenge("bearer", {"realm": 'a"b', "error": "insufficient_scope"}),),
        ),
        (['Negotiate, Basic realm="x"'], (Challenge("negotiate"), Challenge("basic", {"realm": "x"}))),
        (['Bearer realm="a"', 'Basic realm="b"'], (Challenge("bearer", {"realm": "a"}), Challenge("basic", {"realm": "b"}))),
        (['Bearer realm="a'], (Challenge("bearer"),)),
        (["\x00\x01"], ()),
    ],
)
def test_challenges(headers: list[str], expected: tuple[Challenge, ...]) -> None:
    assert read_challenges(headers) == expected


@given(st.lists(st.text()))
def test_whatever_comes_is_read(headers: list[str]) -> None:
    read_challenges(headers)
