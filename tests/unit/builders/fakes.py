"""A store in a folder and the context of one build over it: small real things, no mocks."""

import hashlib
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from imagetools.builtin.api import BuiltinError, FileFacts, Measured, ShellFailedError
from imagetools.formats.closure import Closure
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.image.remote_reference import RemoteReference
from imagetools.image_io.ports import Repository
from imagetools.kernel.graph import reachable
from imagetools.kernel.hashes import digest

Tree = Mapping[str, "bytes | str | Tree"]
"""Names to contents: bytes are a file (executable where they start with ``#!``), a str is a link's target, a mapping a folder."""


class FakeStore:
    """Objects get names that depend on their names only; ``references`` are given by whoever adds them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.dir = StoreDir()
        self.infos: dict[StorePath, PathInfo] = {}
        root.mkdir(parents=True, exist_ok=True)

    def path_of(self, name: str) -> StorePath:
        return StorePath(hashlib.sha256(name.encode()).digest()[:20], name)

    def logical(self, name: str) -> str:
        return self.dir.join(self.path_of(name))

    def add(self, name: str, tree: "Tree | bytes", references: Sequence[str] = ()) -> str:
        """The logical path of a new object; ``references`` are logical paths."""
        path = self.path_of(name)
        place = self.root / path.base_name
        if isinstance(tree, bytes):
            place.write_bytes(tree)
            place.chmod(0o444)
        else:
            _write(place, tree)
        refs = tuple(sorted(self.dir.parse(text) for text in references))
        self.infos[path] = PathInfo(path, digest("sha256", name.encode()), _size(tree), refs)
        return self.dir.join(path)


class FakeRoot:
    """Root's rights without any: owners and devices are kept by name of the file. Programs are those of the host, and the folder
    that should be their root is their current one; they say ``own UID GID NAME`` in the file ``.owners`` for chown, and in
    ``.refused`` what they are refused."""

    several = False

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.owners: dict[tuple[int, int], tuple[int, int]] = {}
        self.devices: dict[tuple[int, int], tuple[int, tuple[int, int]]] = {}
        self.seen: list[tuple[dict[str, str], str, bool, list[str]]] = []

    def give(self, place: bytes, uid: int, gid: int) -> None:
        held = os.open(place, os.O_PATH | os.O_NOFOLLOW)  # so that its number cannot mean another file
        info = os.fstat(held)
        self.owners[info.st_dev, info.st_ino] = (uid, gid)

    def make_device(self, place: bytes, kind: int, mode: int, device: tuple[int, int]) -> None:
        os.close(os.open(place, os.O_CREAT | os.O_EXCL, mode))
        info = os.lstat(place)
        self.devices[info.st_dev, info.st_ino] = (kind, device)

    def owner(self, info: FileFacts) -> tuple[int, int]:
        return self.owners.get((info.st_dev, info.st_ino), (0, 0))

    def device(self, info: FileFacts) -> tuple[int, tuple[int, int]] | None:
        return self.devices.get((info.st_dev, info.st_ino))

    def run(
        self, argv: Sequence[str], *, env: Mapping[str, str], cwd: str, root: bytes | None = None
    ) -> tuple[int, tuple[str, ...]]:
        place = cwd if root is None else os.fsdecode(root)
        self.seen.append((dict(env), cwd, root is not None, sorted(os.listdir(place))))
        done = subprocess.run(list(argv), env=env, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.lines += done.stdout.decode().splitlines()
        for line in _taken(place, ".owners"):
            uid, gid, name = line.split()
            self.give(os.fsencode(os.path.join(place, name)), int(uid), int(gid))
        return done.returncode, tuple(_taken(place, ".refused"))


def _taken(folder: str, name: str) -> list[str]:
    """The lines of a file that is then removed."""
    path = Path(folder, name)
    if not path.exists():
        return []
    lines = path.read_text().splitlines()
    path.unlink()
    return lines


#: The contexts of the test that runs: conftest.py looks at what was built in them.
MADE: "list[FakeContext]" = []


class FakeContext:
    """The inputs are everything in the store. Programs are those of the host."""

    def __init__(self, store: FakeStore, out: Path, env: Mapping[str, str], name: str = "docker-image") -> None:
        self.store = store
        self.name = name
        self.env = dict(env)
        self.outputs = {"out": str(out)}
        self.logical_outputs = {"out": store.logical("image.tar.gz")}
        self.scratch = str(out.parent)
        self.store_dir = store.dir
        self.transport = None
        self.kept = str(out.parent / ".kept")
        self.ledger = str(out.parent / ".ledger")
        self.ca_file = None
        self.attrs: Mapping[str, Any] = {}
        self.netrc = ""
        self.lines: list[str] = []
        self.rights = FakeRoot(self.lines)
        MADE.append(self)

    def real_path(self, logical: str) -> str:
        if not logical.startswith(self.store_dir.prefix):
            return logical
        path, rest = self.store_dir.parse_prefix(logical)
        return str(self.store.root / path.base_name) + rest

    def closure(self, roots: Sequence[str]) -> Closure:
        paths = [self.store_dir.parse(root) for root in roots]
        for path in paths:
            if path not in self.store.infos:
                raise BuiltinError(f"'{path}' is no input of the build")
        members = reachable(paths, lambda path: self.store.infos[path].references)
        return Closure(paths, {path: self.store.infos[path] for path in members})

    def shell(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        input: bytes | None = None,
        capture: bool = False,
        listen: Callable[[str], object] | None = None,
    ) -> bytes:
        done = subprocess.run(
            list(argv), env=env, cwd=cwd, input=input, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        if done.returncode:
            raise ShellFailedError(argv, done.returncode)
        if listen is not None:
            for line in done.stdout.decode().splitlines():
                listen(line)
        elif not capture:
            self.lines += done.stdout.decode().splitlines()
        return done.stdout if capture else b""

    def measured(self, output: str, facts: Measured) -> None:
        raise AssertionError((output, facts))

    def repository(self, reference: RemoteReference, *, insecure: bool = False) -> Repository:
        raise AssertionError((reference, insecure))

    def root(self) -> FakeRoot:
        return self.rights

    def log(self, text: str) -> None:
        self.lines.append(text)


def _size(tree: "Tree | bytes | str") -> int:
    """Not that of a real NAR, but as large things are larger than small ones."""
    return len(tree) if isinstance(tree, bytes | str) else 1 + sum(_size(item) for item in tree.values())


def _write(place: Path, tree: Tree) -> None:
    place.mkdir()
    for name, content in tree.items():
        inside = os.fsencode(place) + b"/" + name.encode("latin-1")
        if isinstance(content, bytes):
            with open(inside, "wb") as file:
                file.write(content)
            os.chmod(inside, 0o555 if content.startswith(b"#!") else 0o444)
        elif isinstance(content, str):
            os.symlink(content, inside)
        else:
            _write(Path(os.fsdecode(inside)), content)
    place.chmod(0o755)  # a real store has 0555; the test's folder must be removable
