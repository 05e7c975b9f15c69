"""A case: files, a command line, and what both lead to, written so that it reads the same on every machine."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import imagetools


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True)
class Case:
    """``words`` is the command line; ``files`` are made first (names in bytes where they are no text); ``env`` on top.

    ``modes`` are set last; such a case runs in a process without root's rights.
    """

    words: Sequence[str | bytes]
    files: Mapping[str | bytes, str | bytes | Link] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    modes: Mapping[str, int] = field(default_factory=dict)


def make_files(folder: Path, files: Mapping[str | bytes, str | bytes | Link]) -> None:
    """Write a case's files below ``folder``."""
    for name, content in files.items():
        path = os.path.join(os.fsencode(folder), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if isinstance(content, Link):
            os.symlink(content.target, path)
            continue
        with open(path, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)


def normalised(text: str, folder: Path) -> str:
    """Standard error without what differs: the folder, places inside the package, hashes of store paths."""
    package = os.path.dirname(imagetools.__file__)
    text = text.replace(str(folder), "/work").replace(package, "/imagetools")
    text = re.sub(r"(/imagetools/\S+\.nix):\d+:\d+:\n\n?( {9} +\d*\|.*\n)+", r"\1\n", text)
    text = re.sub(r"(/imagetools/\S+\.nix):\d+:\d+", r"\1", text)
    text = re.sub(r"/nix/store/[0-9a-z]{32}-", "/nix/store/HASH-", text)
    text = re.sub(r"'[0-9a-z]{32}-", "'HASH-", text)
    text = re.sub(r"-imagetools-tmp-\d+-\d+", "-imagetools-tmp-N", text)
    return "".join(line.rstrip() + "\n" for line in text.splitlines())
