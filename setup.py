"""What pyproject.toml cannot say: the optional compiled modules, and where the two top-level folders go.

``IMAGETOOLS_PURE=1`` builds no extensions (for developing). Without a C compiler the extensions are left out with a warning:
the same sources run as plain Python.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, find_packages, setup

HERE = Path(__file__).resolve().parent
GROUP = "imagetools"


def bundled(folder: str) -> list[str]:
    """The packages of a top-level folder, under the name that they are installed with."""
    inner = [f"{folder}.{name}" for name in find_packages(folder)]
    return [f"imagetools.bundled.{name}" for name in [folder, *inner]]


def extensions() -> list[Extension]:
    if os.environ.get("IMAGETOOLS_PURE") == "1" or "sdist" in sys.argv or "egg_info" in sys.argv:
        return []
    from mypyc.build import mypycify  # noqa: PLC0415

    hot = [line for line in (HERE / "compiled.txt").read_text().splitlines() if line and not line.startswith("#")]
    files = [str(path.relative_to(HERE)) for pattern in hot for path in sorted(HERE.glob(pattern))]
    if not files:
        return []
    made: list[Extension] = mypycify(["--strict", *files], opt_level="2", debug_level="0", group_name=GROUP)
    for extension in made:
        extension.optional = True
        if os.name == "posix":  # what no other module calls need not be exported, and then can be inlined
            flags = ["-fvisibility=hidden"]
            if extension.name == f"{GROUP}__mypyc":  # all code; the others only stand for one module each
                flags += ["-include", str(HERE / "compiled.h")]
            extension.extra_compile_args = [*(extension.extra_compile_args or []), *flags]
    return made


packages = [name for name in find_packages(include=["imagetools", "imagetools.*"]) if not name.startswith("imagetools.bundled.")]
packages += bundled("fetchers") + bundled("builders")
setup(
    packages=packages,
    package_dir={"imagetools.bundled.fetchers": "fetchers", "imagetools.bundled.builders": "builders"},
    ext_modules=extensions(),
)
