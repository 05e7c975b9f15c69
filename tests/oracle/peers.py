"""The real programs that the tests compare with.

A missing one skips the test with a reason; where ``IMAGETOOLS_REQUIRE_PEERS=1`` is set (CI) it fails instead.
"""

import os
import shutil

import pytest


def need(*programs: str) -> None:
    """Skip (or fail, where peers are required) unless every program is on the PATH."""
    missing = [name for name in programs if shutil.which(name) is None]
    if not missing:
        return
    reason = f"not installed: {', '.join(missing)}"
    if os.environ.get("IMAGETOOLS_REQUIRE_PEERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
