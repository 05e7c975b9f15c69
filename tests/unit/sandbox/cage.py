"""Runs a shell script in the real sandbox with the host's programs visible; also as a program, so that another user can run it.

``python -m tests.unit.sandbox.cage BASE SCRIPT [NETWORK]`` prints the outcome as JSON. pytest is imported late: such a process
does without it, and starts in a third of the time.
"""

import contextlib
import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagetools.sandbox.namespaces import NamespaceSandbox
from imagetools.sandbox.ports import Bind, BuildRequest, NoNamespacesError

if TYPE_CHECKING:
    import pytest

HOST = ("/usr", "/bin", "/lib", "/lib64", "/etc/alternatives", "/etc/ld.so.cache")
HOST_BINDS = tuple(Bind(path, path, optional=True) for path in HOST)
OUT = "/nix/store/" + "a" * 32 + "-x"
ROOT = Path(__file__).resolve().parents[3]
OTHER_USER = 65534


@dataclass(frozen=True)
class Ran:
    """One build, as tests look at it."""

    exit_code: int | None
    signal: int | None
    limit: str
    owner: int
    outputs: dict[str, str]
    text: str
    scratch: str

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


def request_for(script: str, base: str, **changes: Any) -> BuildRequest:
    """A request that runs ``script`` by the host's /bin/sh in a new scratch folder below ``base``."""
    store = os.path.join(base, "store")
    os.makedirs(store, exist_ok=True)
    values: dict[str, Any] = {
        "name": "test.drv",
        "program": "/bin/sh",
        "argv": ("sh", "-c", script),
        "env": {"PATH": "/usr/bin:/bin", "out": OUT},
        "scratch": tempfile.mkdtemp(dir=base, suffix=".chroot"),
        "store_dir": "/nix/store",
        "physical_store_dir": store,
        "outputs": {"out": OUT},
    } | changes
    values["binds"] = (*HOST_BINDS, *values.get("binds", ()))
    return BuildRequest(**values)


def run(script: str, base: str, on_output: Callable[[bytes], object] | None = None, **changes: Any) -> Ran:
    """Run ``script`` to its end."""
    sandbox = NamespaceSandbox()
    pieces: list[bytes] = []
    request = request_for(script, base, **changes)
    with contextlib.closing(sandbox):
        outcome = sandbox.run(request, on_output or pieces.append)
    return Ran(
        outcome.exit_code,
        outcome.signal,
        outcome.limit,
        outcome.owner,
        dict(outcome.output_roots),
        b"".join(pieces).decode(errors="replace"),
        request.scratch,
    )


@contextlib.contextmanager
def base_for(user: int | None) -> Iterator[str]:
    """A folder that ``user`` (None: ourselves) owns."""
    with tempfile.TemporaryDirectory(prefix="imagetools-test-") as folder:
        if user is not None:
            os.chown(folder, user, user)
        yield folder


def run_as(user: int | None, script: str, base: str, *, network: bool = False) -> Ran:
    """``run`` as another user, in a process of its own; None means ourselves, here."""
    if user is None:
        return run(script, base, network=network)
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.sandbox.cage", base, script, "network" if network else ""],
        cwd=ROOT,
        user=user,
        group=user,
        extra_groups=[],
        capture_output=True,
        check=False,
        env={"PATH": "/usr/bin:/bin"},
    )
    if done.returncode:
        import pytest

        pytest.skip(f"user {user} cannot run this: {done.stderr.decode()[-300:]}")
    return Ran(**json.loads(done.stdout))


def need_namespaces() -> None:
    """Skip where the host forbids them."""
    with base_for(None) as base:
        try:
            run("true", base)
        except NoNamespacesError as error:
            import pytest

            pytest.skip(error.message)


@functools.cache
def other_user_can_run() -> bool:
    """Whether an ordinary user can read what root runs here: the interpreter, the product and its tests."""
    become = ["setpriv", f"--reuid={OTHER_USER}", f"--regid={OTHER_USER}", "--clear-groups"]
    done = subprocess.run(
        [*become, sys.executable, "-c", "import imagetools, tests.unit.sandbox.cage"],
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


UNREADABLE = "an ordinary user cannot read this checkout or its Python: clone it into a folder that others can read"


def as_other_user() -> "pytest.MarkDecorator":
    """For tests that root runs as an ordinary user."""
    import pytest

    if os.geteuid() != 0:
        return pytest.mark.skipif(True, reason="needs root to become somebody else")
    return pytest.mark.skipif(not other_user_can_run(), reason=UNREADABLE)


def users() -> list[Any]:
    """Whom to try as: ourselves, and where we are root an ordinary user too."""
    import pytest

    found = [pytest.param(None, id="root" if os.geteuid() == 0 else "user")]
    if os.geteuid() == 0:
        found.append(pytest.param(OTHER_USER, id="user", marks=as_other_user()))
    return found


if __name__ == "__main__":
    base_, script_, network_ = sys.argv[1:4]
    print(json.dumps(run(script_, base_, network=network_ == "network").__dict__))
