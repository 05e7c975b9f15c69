"""A Debian repository in a folder, and apt's lists of it: made by apt-get itself, with nothing outside the folder touched."""

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from imagetools.bundled.fetchers.fetchdeb import apt
from tests.unit.archive.tapes import deb, file, tape

VERSIONS = ("1:2.0-1+b1", "1:1.0-1")


@dataclass
class Repository:
    folder: Path
    lists: str
    options: list[str]
    packages: dict[str, bytes]

    def lose(self, version: str) -> None:
        """The archive no longer has that file, but the lists do not know it."""
        os.unlink(self.folder / apt.file_name("sample", version, "all"))


def make_repository(folder: Path) -> Repository:
    folder.mkdir()
    packages = {}
    index = ""
    for version in VERSIONS:
        data = deb(tape(file(b"./usr/share/sample", version.encode())))
        name = apt.file_name("sample", version, "all")
        (folder / name).write_bytes(data)
        packages[version] = data
        index += (
            f"Package: sample\nVersion: {version}\nArchitecture: all\nMaintainer: nobody\nFilename: ./{name}\n"
            f"Size: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\nDescription: a sample\n\n"
        )
    (folder / "Packages").write_text(index)
    sources = folder / "sources.list"
    sources.write_text(f"deb [trusted=yes] copy:{folder} ./\n")
    lists = str(folder / "lists")
    private = str(folder / "private")
    apt.prepare(private)
    os.makedirs(lists + "/partial")
    options = ["-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=-"]
    subprocess.run(
        ["/usr/bin/apt-get", *apt.options(private, lists), *options, "update"],
        env=apt.environment(private, {}),
        check=True,
        capture_output=True,
    )
    return Repository(folder, lists, options, packages)
