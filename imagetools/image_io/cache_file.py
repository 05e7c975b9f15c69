"""Files that only spare work: whoever cannot write one does without it, and one that is damaged counts as none.

Written beside their name and renamed, so that nobody reads half of one; several processes may do so at once.
"""

import contextlib
import hashlib
import os
from typing import Final

_NEW: Final = ".new-"


def keep(folder: str, name: str, data: bytes, mode: int = 0o600) -> None:
    """Write ``name`` in ``folder``, which is made where it is missing. Errors of the disk do not matter."""
    with contextlib.suppress(OSError):
        os.makedirs(folder, exist_ok=True)
        part = os.path.join(folder, f"{_NEW}{os.getpid()}-{os.urandom(4).hex()}")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(handle, "wb") as file:
                file.write(data)
            os.chmod(part, mode)
            os.replace(part, os.path.join(folder, name))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part)
            raise


def tidy(folder: str, most: int) -> None:
    """Keep the ``most`` files that were written last. Errors of the disk do not matter."""
    with contextlib.suppress(OSError):
        with os.scandir(folder) as listing:
            entries = [(entry.stat(follow_symlinks=False).st_mtime_ns, entry.path) for entry in listing]
        for _, path in sorted(entries)[: max(0, len(entries) - most)]:
            with contextlib.suppress(OSError):
                os.unlink(path)


def sealed(line: bytes) -> bytes:
    """``line``, which has no line end in it, and its sum."""
    return line + b"\n" + _sum(line) + b"\n"


def unsealed(text: bytes) -> bytes | None:
    """The line of ``sealed``; None where the text is torn or another one."""
    line, _, rest = text.partition(b"\n")
    return line if rest == _sum(line) + b"\n" else None


def _sum(line: bytes) -> bytes:
    return hashlib.sha256(line, usedforsecurity=False).hexdigest().encode()
