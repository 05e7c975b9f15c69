"""Every image that a builder makes in a test here is validated, whatever else the test looks at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.image_io.archive_reader import validate_archive

from .fakes import MADE, FakeStore


@pytest.fixture(autouse=True)
def images_are_valid(tmp_path: Path) -> Iterator[None]:
    """After the test, so that it is the one which fails. A builder that failed leaves nothing to look at."""
    del tmp_path  # which is emptied after this
    MADE.clear()
    yield
    for context in MADE:
        if context.name in {"docker-image", "oci-layout"} and context.lines[-1:] == ["Done."]:
            assert validate_archive(context.outputs["out"]) == ()


@pytest.fixture
def store(tmp_path: Path) -> FakeStore:
    """A program, the library that it refers to, and what nothing refers to."""
    made = FakeStore(tmp_path / "store")
    libc = made.add("libc", {"lib": {"libc.so": b"code"}})
    made.add("hello", {"bin": {"hello": b"#!" + libc.encode()}, "etc": {"motd": b"hello"}}, [libc])
    made.add("lonely", b"nothing refers to it")
    return made
