import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.net.registry.access import RegistryLogin
from imagetools.net.registry.auth_file import AuthFile, AuthFileError


def auth(name: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{name}:{password}".encode()).decode()}


def parse(document: object) -> AuthFile:
    return AuthFile.parse(json.dumps(document).encode(), "/home/ann/.docker/config.json")


AUTHS = {
    "https://index.docker.io/v1/": auth("hub", "1"),
    "quay.io": auth("quay", "2"),
    "quay.io/team": auth("team", "3"),
    "quay.io/team/app": auth("app", "4:5"),
    "https://old.example.org": auth("old", "6"),
    "http://older.example.org/v2/": auth("older", "7"),
    "example.org:5000": {"username": "plain", "password": "8"},
    "token.example.org": {"auth": "", "identitytoken": "id"},
    "raw.example.org": {"registrytoken": "raw"},
    "empty.example.org": {},
}


@pytest.mark.parametrize(
    ("registry", "repository", "expected"),
    [
        ("docker.io", "library/hello", RegistryLogin("hub", "1")),
        ("quay.io", "other/app", RegistryLogin("quay", "2")),
        ("quay.io", "team/other", RegistryLogin("team", "3")),
        ("quay.io", "teams/app", RegistryLogin("quay", "2")),
        ("quay.io", "team/app", RegistryLogin("app", "4:5")),
        ("quay.io", "team/app/more", RegistryLogin("app", "4:5")),
        ("old.example.org", "a", RegistryLogin("old", "6")),
        ("older.example.org", "a", RegistryLogin("older", "7")),
        ("example.org:5000", "a", RegistryLogin("plain", "8")),
        ("example.org", "a", None),
        ("token.example.org", "a", RegistryLogin(identity_token="id")),
        ("raw.example.org", "a", RegistryLogin(registry_token="raw")),
        ("empty.example.org", "a", None),
    ],
)
def test_whose_login(registry: str, repository: str, expected: RegistryLogin | None) -> None:
    assert parse({"auths": AUTHS, "HttpHeaders": {"x": "y"}}).login(registry, repository) == expected


def test_helpers() -> None:
    found = parse({"credHelpers": {"quay.io": "pass", "https://index.docker.io/v1/": "hub"}, "credsStore": "secretservice"})
    assert (found.helper("quay.io"), found.helper("docker.io"), found.helper("example.org")) == ("pass", "hub", "")
    assert found.store == "secretservice"


def test_an_empty_file() -> None:
    assert AuthFile.parse(b" \n", "x") == AuthFile.parse(b"{}", "x") == AuthFile()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{\n,}", "it is no JSON, line 2"),
        (b"\xff", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b"[]", "it is no object"),
        (b'{"auths": []}', "'auths' is no object"),
        (b'{"auths": {"x": 1}}', "what it says of 'x' is no object"),
        (b'{"auths": {"x": {"auth": 1}}}', "what it says of 'x' is no text"),
        (b'{"auths": {"x": {"auth": "geheim"}}}', "the 'auth' of 'x' is no base64"),
        (b'{"auths": {"x": {"auth": "Z2VoZWlt"}}}', "the 'auth' of 'x' has no colon between name and password"),
        (b'{"credHelpers": {"x": "../../evil"}}', "the name of a credential helper is none"),
        (b'{"credsStore": 7}', "the name of a credential helper is none"),
    ],
)
def test_what_cannot_be_understood(text: bytes, reason: str) -> None:
    with pytest.raises(AuthFileError) as caught:
        AuthFile.parse(text, "/home/ann/.docker/config.json")
    said = f"cannot understand the logins for registries in '/home/ann/.docker/config.json': {reason}"
    assert caught.value.message == said
    assert "geheim" not in str(caught.value)


@given(st.binary())
def test_nothing_else_is_raised(data: bytes) -> None:
    with contextlib.suppress(AuthFileError):
        AuthFile.parse(data, "x")


def test_a_login_is_not_shown() -> None:
    found = parse({"auths": {"x": auth("ann", "geheim")}})
    assert "geheim" not in repr(found) + repr(found.login("x", "a"))
