"""A Docker engine to run images in: the one that answers, if one does."""

import os
import subprocess

import pytest

from tests.oracle.peers import need


def need_engine() -> None:
    """Skip (or fail, where peers are required) unless a Docker engine answers."""
    need("docker")
    done = subprocess.run(["docker", "info", "--format", "{{.ServerVersion}}"], capture_output=True, text=True, check=False)
    if done.returncode == 0 and done.stdout.strip():
        return
    reason = f"no Docker engine answers: {done.stderr.strip()}"
    if os.environ.get("IMAGETOOLS_REQUIRE_PEERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
