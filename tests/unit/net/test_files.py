from pathlib import Path

import pytest

from imagetools.net.files import get_file, local_path
from imagetools.net.ports import FetchError


def test_paths_of_file_urls() -> None:
    assert local_path("file:///a/b%20c") == "/a/b c"
    assert local_path("file://localhost/a") == "/a"
    assert local_path("file:/a") == "/a"


@pytest.mark.parametrize("url", ["file://elsewhere/a", "file:a", "file:///a%00b"])
def test_urls_that_name_no_file_here(url: str) -> None:
    with pytest.raises(FetchError):
        local_path(url)


@pytest.mark.parametrize(("name", "reason"), [("missing", "No such file or directory"), (".", "not a regular file")])
def test_what_is_no_file(tmp_path: Path, name: str, reason: str) -> None:
    url = f"file://{tmp_path}/{name}"
    with pytest.raises(FetchError) as caught:
        get_file(url, lambda piece: None)
    assert caught.value.message == f"cannot download '{url}': {reason}"


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FetchError, match="not a regular file"):
        get_file(f"file://{tmp_path}/pipe", lambda piece: None)
