"""The command as a person runs it, with two things changed: builders find the host's programs, and no shell is built for them.

:func:`run_here` runs it in this process, :func:`argv_for` says how to run it in another one.
"""

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from imagetools.app import compose
from imagetools.app.cli.main import entry_point, main
from imagetools.sandbox import namespaces
from tests.unit.realise.world import HostShellSandbox

ROOT = Path(__file__).resolve().parents[3]
PROCESS = "import sys; sys.path.append({!r}); from tests.golden.bad_input.command import as_process; as_process()"


@contextmanager
def host_programs() -> Iterator[None]:
    """Builds in here see the host's programs, and the embedded set's shell is neither built nor shown."""
    sandbox, shell = namespaces.NamespaceSandbox, compose.Session._shell
    setattr(namespaces, "NamespaceSandbox", HostShellSandbox)  # noqa: B010
    setattr(compose.Session, "_shell", lambda session, *words: None)  # noqa: B010
    try:
        yield
    finally:
        setattr(namespaces, "NamespaceSandbox", sandbox)  # noqa: B010
        setattr(compose.Session, "_shell", shell)  # noqa: B010


def run_here(words: Sequence[str]) -> int:
    """Run one command line; its exit code."""
    with host_programs():
        try:
            return main(list(words))
        finally:
            gc.enable()


def argv_for(*words: str) -> list[str]:
    """A process of its own for one command line, in any working folder."""
    return [sys.executable, "-c", PROCESS.format(str(ROOT)), *words]


def as_process() -> None:
    """What :func:`argv_for` runs; does not return."""
    with host_programs():
        entry_point()
