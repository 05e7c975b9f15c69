"""The version, and which form of the hot modules runs: the sources as plain Python, or compiled by mypyc."""

import sys

from imagetools import __version__
from imagetools.kernel import base32


def compiled() -> bool:
    """Whether the hot modules are compiled extensions."""
    return not (base32.__file__ or "").endswith(".py")


def version_text() -> str:
    """One line, such as ``imagetools 0.1.0 (compiled, Python 3.11.2)``."""
    mode = "compiled" if compiled() else "pure Python"
    return f"imagetools {__version__} ({mode}, Python {'.'.join(str(part) for part in sys.version_info[:3])})"
