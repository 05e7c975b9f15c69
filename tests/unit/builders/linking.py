"""Packages as folders, for the builders that link: a tree from a dict, and what a tree of links looks like."""

import json
import os
from pathlib import Path

from tests.unit.fetchers.context import SmallContext


def package(folder: Path, name: str, files: dict[str, str]) -> str:
    """A tree of files; a value that begins with ``->`` makes a symlink, one with ``!`` an executable file."""
    root = folder / name
    root.mkdir(parents=True)
    for path, text in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("-> "):
            place.symlink_to(text[3:])
        else:
            place.write_text(text.removeprefix("!"))
            place.chmod(0o555 if text.startswith("!") else 0o444)
    return str(root)


def shown(root: Path, packages: Path) -> dict[str, str]:
    """Every name below ``root``: ``dir``, or a link's target with the folder of the packages left out."""
    found: dict[str, str] = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = Path(folder, name)
            target = "-> " + os.readlink(path).replace(str(packages) + "/", "") if path.is_symlink() else "dir"
            found[str(path.relative_to(root))] = target
    return found


def context(folder: Path, builder: str, env: dict[str, object]) -> SmallContext:
    """Values as a derivation has them: lists and sets as JSON, true as 1."""
    texts = {
        key: value if isinstance(value, str) else ("1" if value else "") if isinstance(value, bool) else json.dumps(value)
        for key, value in env.items()
    }
    return SmallContext.below(folder, builder, texts)
