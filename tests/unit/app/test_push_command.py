"""``imagetools push`` and ``image copy`` as commands: what they print, what they refuse."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.app.cli.run import run
from tests.servers.registry import Registry, running
from tests.unit.image_io.layouts import good


@pytest.fixture
def server() -> Iterator[Registry]:
    with running() as server:
        yield server


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person with nothing but an image called ``result``."""
    for name in ("IMAGETOOLS_CACHE", "XDG_CACHE_HOME", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    good().write(tmp_path / "result")
    return tmp_path


def test_it_prints_the_name_with_the_digest(server: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["push", "--insecure", f"{server.host}/a/b:1"], "") == 0
    digest = next(name for name in server.manifests["a/b"] if name.startswith("sha256:"))
    said = capsys.readouterr()
    assert said.out == f"{server.host}/a/b@{digest}\n"
    assert said.err.startswith(f"{server.host}/a/b:1: 2 of 2 blobs sent (")
    assert run(["push", "--insecure", "-q", f"{server.host}/a/b"], "") == 0
    assert capsys.readouterr() == (f"{server.host}/a/b@{digest}\n", "")
    assert run(["image", "copy", "--insecure", "-q", f"docker://{server.host}/a/b:1", "oci:copy:1"], "") == 0
    assert capsys.readouterr() == (f"{digest}\n", "")


def test_json(server: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["push", "--insecure", "--json", f"{server.host}/a/b:1", "oci:result:latest"], "") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["names"] == [f"{server.host}/a/b:1"] and found["digest"] in server.manifests["a/b"]
    assert [item["result"] for item in found["blobs"]] == ["sent", "sent"]
    assert {item["digest"] for item in found["blobs"]} == set(server.blobs["a/b"])
    assert run(["image", "copy", "--insecure", "--json", f"docker://{server.host}/a/b:1", "oci:copy:1"], "") == 0
    assert json.loads(capsys.readouterr().out) == {"digest": found["digest"], "names": ["1"]}


def test_logins_are_found_where_docker_keeps_them(server: Registry, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server.auth = "token"
    assert run(["push", "--insecure", f"{server.host}/a/b"], "") == 1
    assert "docker login" in capsys.readouterr().err
    auth = base64.b64encode(b"me:s3cret").decode()
    (home / ".docker").mkdir()
    (home / ".docker/config.json").write_text(json.dumps({"auths": {server.host: {"auth": auth}}}))
    assert run(["push", "--insecure", f"{server.host}/a/b"], "") == 0
    assert "s3cret" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["push", "Not A Name"], "cannot be the name of an image"),
        (["push", "x:1", "--compressor", "xz"], "--compressor takes gz, zstd or none, not 'xz'"),
        (["push", "x:1", "--all", "--platform", "linux/arm64"], "--all takes the images of all machines"),
        (["push", "x:1", "--platform", "arm64"], "--platform takes OS/ARCHITECTURE"),
        (["push", "x:1", "gone"], "gone"),
        (["image", "copy", "result", "docker:x"], "a registry's image is written docker://NAME"),
        (["image", "copy", "result", "https://x.example/y"], "a registry's image is written docker://NAME"),
        (["image", "copy", "--all", "result", "docker-archive:x.tar"], "room for one image only"),
    ],
)
def test_what_is_refused(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words, "") != 0
    said = capsys.readouterr()
    assert sentence in said.err and "Traceback" not in said.err and said.out == ""


def test_http_needs_a_word(server: Registry, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGETOOLS_CACHE", "cache")
    assert run(["push", f"{server.host}/a/b"], "") == 1
    assert "--insecure" in capsys.readouterr().err
    assert not server.seen
