"""Every image that a builder makes in a test here is validated, whatever else the test looks at."""

from collections.abc import Iterator

import pytest

from imagetools.image_io.archive_reader import validate_archive

from .fakes import MADE


@pytest.fixture(autouse=True)
def images_are_valid() -> Iterator[None]:
    """After the test, so that it is the one which fails. A builder that failed leaves nothing to look at."""
    MADE.clear()
    yield
    for context in MADE:
        if context.name in {"docker-image", "oci-layout"} and context.lines[-1:] == ["Done."]:
            assert validate_archive(context.outputs["out"]) == ()
