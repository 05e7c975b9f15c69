"""Logins out of files, programs and netrc."""

import json
import os
from pathlib import Path

import pytest

from imagetools.net.credentials import Netrc
from imagetools.net.registry.access import RegistryLogin, read_login, write_login
from imagetools.net.registry.logins import CredentialHelperError, Logins
from tests.unit.net.registry.test_auth_file import auth


class Person:
    """A person's files and programs below a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[str] = []
        self.lines: list[str] = []
        self.netrc = ""

    def file(self, document: object) -> None:
        path = self.folder / f"{len(self.files)}.json"
        path.write_text(json.dumps(document))
        self.files.append(str(path))

    def helper(self, name: str, script: str) -> None:
        path = self.folder / f"docker-credential-{name}"
        path.write_text(f'#!/bin/sh\nread -r server || true\necho "$1 $server" >> {self.folder}/asked\n{script}\n')
        path.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().splitlines()

    def find(self, registry: str, repository: str = "a") -> RegistryLogin | None:
        environment = {"PATH": f"{self.folder}:{os.environ['PATH']}"}
        return Logins(self.files, _read, Netrc(self.netrc), environment, self.lines.append).find(registry, repository)


def _read(path: str) -> bytes | None:
    return Path(path).read_bytes() if os.path.exists(path) else None


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path)


def test_the_first_file_that_knows(person: Person) -> None:
    person.files.append("/nowhere/auth.json")
    person.file({"auths": {"x.org": auth("first", "1")}})
    person.file({"auths": {"x.org": auth("second", "2"), "y.org": auth("second", "2")}})
    assert person.find("x.org") == RegistryLogin("first", "1")
    assert person.find("y.org") == RegistryLogin("second", "2")
    assert person.find("z.org") is None


def test_a_helper_for_one_registry(person: Person) -> None:
    person.file({"credHelpers": {"x.org": "one"}, "auths": {"y.org": auth("y", "1")}})
    person.helper("one", """echo '{"ServerURL":"x.org","Username":"ann","Secret":"geheim"}'""")
    assert person.find("x.org") == RegistryLogin("ann", "geheim")
    assert person.find("y.org") == RegistryLogin("y", "1")
    assert person.asked == ["get x.org"]


def test_the_store_of_all_is_asked_before_the_file(person: Person) -> None:
    person.file({"credsStore": "all", "auths": {"y.org": auth("y", "1"), "docker.io": {}}})
    person.helper(
        "all",
        """case $server in
        x.org) echo '{"Username":"<token>","Secret":"identity"}' ;;
        docker.io) echo '{"Username":"hub","Secret":"2"}' ;;
        *) echo "credentials not found in native keychain"; exit 1 ;;
    esac""",
    )
    assert person.find("x.org") == RegistryLogin(identity_token="identity")
    assert person.find("y.org") == RegistryLogin("y", "1")
    assert person.find("docker.io") == RegistryLogin("hub", "2")
    assert person.asked == ["get x.org", "get y.org", "get https://index.docker.io/v1/", "get docker.io"]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (None, "the program 'docker-credential-one' is not installed"),
        ("echo no key ring here; echo secret; exit 3", "exit code 3: no key ring here"),
        ("exit 3", "exit code 3"),
        ("echo geheim", "what it says cannot be understood"),
        ("""echo '{"Username":"ann"}'""", "what it says cannot be understood"),
        ("""echo '{"Username":1,"Secret":2}'""", "what it says cannot be understood"),
    ],
)
def test_a_helper_that_does_not_work(person: Person, script: str | None, reason: str) -> None:
    if script is not None:
        person.helper("one", script)
    person.file({"credHelpers": {"x.org": "one"}, "auths": {"x.org": auth("x", "1")}})
    with pytest.raises(CredentialHelperError) as caught:
        person.find("x.org")
    assert caught.value.message == f"the credential helper 'one' gives no login for 'x.org': {reason}"
    person.files.clear()
    person.file({"credsStore": "one", "auths": {"x.org": auth("x", "1")}})
    assert person.find("x.org") == RegistryLogin("x", "1")
    assert person.lines == [f"warning: the credential helper 'one' gives no login for 'x.org': {reason}"]


def test_netrc_is_last(person: Person) -> None:
    person.netrc = "machine x.org login n password 1\nmachine auth.docker.io login hub password 2\ndefault login d password 3"
    assert person.find("x.org") == person.find("x.org:5000") == RegistryLogin("n", "1")
    assert person.find("docker.io") == RegistryLogin("hub", "2")
    assert person.find("y.org") is None
    person.file({"auths": {"x.org": auth("file", "4")}})
    assert person.find("x.org") == RegistryLogin("file", "4")


def test_a_login_travels_as_it_is() -> None:
    login = RegistryLogin("änn", "ge:heim", "i", "r")
    assert read_login(write_login(login)) == login
