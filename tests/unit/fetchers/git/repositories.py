"""git repositories of every shape, the same to the byte each time: fixed names, fixed dates.

``plain`` has all kinds of files, tags, branches, and a commit that only refs/pull/1/head leads to. ``outer`` has submodules by
relative URLs, one of them with a submodule of its own (``lib`` and ``inner``).
"""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILES: Final[Mapping[str, bytes]] = {
    "README": b"hello\n",
    "empty": b"",
    "dir/sub/deep.txt": b"deep\n",
    "dir/with space/\xc3\xa4": b"umlaut\n",
    "docs/page.md": b"# page\n",
    "docs/more/page.md": b"# more\n",
    "lines.dos": b"one\ntwo\n",
    "wide.u16": "wide ä\n".encode(),
    "ident.id": b"$Id$\n",
    "subst.txt": b"$Format:%H$\n",
    "hidden": b"not in archives\n",
    "data.flt": b"filtered by nobody\n",
    "raw.bin": bytes(range(256)),
    ".gitignore": b"*.o\n",
    "kept.o": b"tracked all the same\n",
    ".gitattributes": (
        b"*.dos eol=crlf text\n*.u16 text working-tree-encoding=UTF-16LE\n*.id ident\nsubst.txt export-subst\n"
        b"hidden export-ignore\n*.flt filter=nothing\n*.bin binary\n"
    ),
}
LINKS: Final[Mapping[str, str]] = {"link": "README", "dir/dangling": "../nowhere", "to-dir": "dir"}


@dataclass
class Folder:
    """A working tree with a repository in it."""

    path: Path
    clock: int = 1_600_000_000

    @staticmethod
    def new(path: Path) -> "Folder":
        path.mkdir(parents=True)
        made = Folder(path)
        made.git("init", "-q", "-b", "main")
        return made

    def git(self, *words: str, check: bool = True) -> str:
        return git(self.path, *words, clock=self.clock, check=check)

    def commit(self, message: str, files: Mapping[str, bytes] = {}) -> str:
        """Write files, commit everything; the commit's name."""
        for name, data in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        self.clock += 60
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def publish(self, bare: Path) -> Path:
        """A bare copy with all references, as a server has it."""
        git(self.path, "clone", "-q", "--mirror", str(self.path), str(bare))
        (bare / "git-daemon-export-ok").touch()
        return bare


def git(cwd: Path, *words: str, clock: int = 1_600_000_000, check: bool = True) -> str:
    """Run git with nothing of this machine's configuration, at a fixed time."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "A U Thor",
        "GIT_AUTHOR_EMAIL": "author@example.org",
        "GIT_COMMITTER_NAME": "C O Mitter",
        "GIT_COMMITTER_EMAIL": "committer@example.org",
        "GIT_AUTHOR_DATE": f"{clock} +0000",
        "GIT_COMMITTER_DATE": f"{clock} +0000",
        "GIT_ALLOW_PROTOCOL": "file:git:http",
    }
    done = subprocess.run(["git", *words], cwd=cwd, env=environment, capture_output=True, check=False)
    if check and done.returncode:
        raise AssertionError(f"git {' '.join(words)}: {done.stderr.decode()}")
    return done.stdout.decode()


@dataclass(frozen=True)
class World:
    """Bare repositories below ``served``; ``commits`` by name."""

    served: Path
    commits: Mapping[str, str]


def make_world(folder: Path) -> World:
    commits: dict[str, str] = {}
    plain = Folder.new(folder / "work/plain")
    commits["first"] = plain.commit("first", {"README": b"old\n"})
    plain.git("tag", "v0.1")
    plain.git("branch", "side")
    for name, target in LINKS.items():
        (plain.path / name).parent.mkdir(parents=True, exist_ok=True)
        os.symlink(target, plain.path / name)
    commits["second"] = plain.commit("second", {**FILES, "tool/run.sh": b"#!/bin/sh\n", "tool/script": b"x\n"})
    plain.git("tag", "-a", "-m", "one", "v1.0")
    commits["tag object"] = plain.git("rev-parse", "v1.0").strip()
    (plain.path / "tool/run.sh").chmod(0o755)
    commits["third"] = plain.commit("third", {"NEWS": b"third\n"})
    plain.git("tag", "later")
    commits["tip"] = plain.commit("fourth", {"NEWS": b"fourth\n"})
    plain.git("checkout", "-q", "side")
    commits["side"] = plain.commit("on the side", {"README": b"side\n", "side": b"side\n"})
    plain.git("checkout", "-q", "--detach", "v1.0")
    commits["pull"] = plain.commit("a request", {"pull": b"1\n"})
    plain.git("update-ref", "refs/pull/1/head", "HEAD")
    plain.git("checkout", "-q", "main")
    served = folder / "served"
    served.mkdir()
    plain.publish(served / "plain.git")

    inner = Folder.new(folder / "work/inner")
    commits["inner"] = inner.commit("inner", {"inner.txt": b"inner\n"})
    inner.publish(served / "inner.git")
    commits["inner newer"] = inner.commit("inner moves on", {"inner.txt": b"newer\n"})
    git(served / "inner.git", "fetch", "-q", "origin", "+refs/*:refs/*")

    lib = Folder.new(folder / "work/lib")
    lib.commit("lib", {"lib.txt": b"lib\n", "lines.dos": b"x\n", ".gitattributes": b"*.dos eol=crlf text\n"})
    submodule(lib, "deep/inner", "../inner.git", commits["inner"])
    commits["lib"] = lib.commit("with inner")
    lib.publish(served / "lib.git")

    outer = Folder.new(folder / "work/outer")
    outer.commit("outer", {"outer.txt": b"outer\n"})
    submodule(outer, "third party/lib", "../lib.git", commits["lib"])
    submodule(outer, "inner", "./../inner.git", commits["inner newer"])
    commits["outer"] = outer.commit("with submodules")
    outer.git("tag", "with-submodules")
    outer.publish(served / "outer.git")
    return World(served, commits)


def submodule(folder: Folder, place: str, url: str, commit: str, name: str | None = None) -> None:
    """Enter a submodule without cloning it."""
    name = name or place
    folder.git("config", "-f", ".gitmodules", f"submodule.{name}.path", place)
    folder.git("config", "-f", ".gitmodules", f"submodule.{name}.url", url)
    folder.git("add", ".gitmodules")
    folder.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{place}")
    (folder.path / place).mkdir(parents=True, exist_ok=True)
