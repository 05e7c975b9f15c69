"""Every image that a test here builds is looked at by all who can."""

from collections.abc import Iterator

import pytest

from tests.oracle.commands import BUILT
from tests.oracle.whole_images import look_at_once


@pytest.fixture(autouse=True)
def images_are_whole() -> Iterator[None]:
    """After the test, so that it is the one which fails."""
    yield
    while BUILT:
        look_at_once(BUILT.pop())
