"""Fetches killed by SIGKILL at a hundred random moments: real Nix finds the store whole, nothing partial is valid, and downloads
go on.

Three processes fetch side by side into one store, a file, an archive and a git repository, from servers that take their time.
Each is killed at a moment of its own.
"""

import io
import random
import tarfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from imagetools.kernel.hashes import digest
from imagetools.store.fs_nar import nar_hash
from imagetools.store.local import LocalStore
from imagetools.store.verify import verify
from tests.oracle.commands import nix
from tests.oracle.killable import Killable
from tests.oracle.peers import need
from tests.unit.fetchers.git.repositories import Folder
from tests.unit.fetchers.git.servers import smart
from tests.unit.net.server import Answer, Handler, running
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

KILLS = 100
KINDS = ("file", "tree", "repository")
PIECES = 20
DEFINITION = """{ n }:
with import <nixpkgs> { };
{
  file = fetchurl { url = "@WEB@/file"; name = "file-${n}"; sha256 = "@FILE@"; };
  tree = fetchzip { url = "@WEB@/tree.tar.gz"; name = "tree-${n}"; hash = "@TREE@"; };
  repository = fetchgit { url = "@GIT@/r.git"; rev = "@REV@"; name = "repository-${n}"; hash = "@TREE@"; };
}
"""


def slow(body: bytes) -> Answer:
    """All of ``body`` or the rest that is asked for, in pieces, with time enough between them to be killed."""
    tag = f'"{digest("sha256", body).base16()}"'

    def answer(handler: Handler) -> None:
        first = 0
        if handler.headers.get("Range") and handler.headers.get("If-Range", tag) == tag:
            first = int(handler.headers["Range"].removeprefix("bytes=").partition("-")[0])
        handler.send_response(206 if first else 200)
        if first:
            handler.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
        for name, value in {"Content-Length": str(len(body) - first), "ETag": tag, "Accept-Ranges": "bytes"}.items():
            handler.send_header(name, value)
        handler.end_headers()
        step = len(body) // PIECES + 1
        try:
            for at in range(first, len(body), step):
                handler.wfile.write(body[at : min(at + step, len(body))])
                time.sleep(0.01)
        except OSError:
            handler.close_connection = True

    return answer


def whole(root: Path) -> None:
    """Real Nix hashes every valid path anew and has nothing to say."""
    done = nix("nix-store", "--verify", "--check-contents", root=root)
    assert [line for line in done.stderr.splitlines() if not line.endswith("...")] == []


def test_a_hundred_moments(tmp_path: Path) -> None:
    need("nix-store", "git")
    need_namespaces()
    chance = random.Random(4)
    body = chance.randbytes(1_000_000)
    repository = Folder.new(tmp_path / "source")
    commit = repository.commit("first", {f"folder/{number}": chance.randbytes(50_000) for number in range(10)})
    repository.git("clone", "-q", "--bare", ".", str(tmp_path / "served/r.git"))
    (tmp_path / "source/.git").rename(tmp_path / "git")
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=1) as tar:
        tar.add(tmp_path / "source", "tree")
    right = {"file": digest("sha256", body).sri(), "tree": nar_hash(str(tmp_path / "source"))[0].sri()}
    root = tmp_path / "R"
    killed = 0
    numbers = Counter[str]()  # of each kind so many are finished
    with running() as web, smart(tmp_path / "served") as git, ExitStack() as stack:
        web.script.update({"/file": [slow(body)], "/tree.tar.gz": [slow(archive.getvalue())]})
        text = DEFINITION
        for name, value in {
            "WEB": web.url(""),
            "GIT": git.url(),
            "REV": commit,
            "FILE": right["file"],
            "TREE": right["tree"],
        }.items():
            text = text.replace(f"@{name}@", value)
        (tmp_path / "x.nix").write_text(text)

        programs: dict[str, Killable] = {}
        for kind in KINDS:
            (tmp_path / kind).mkdir()
            programs[kind] = stack.enter_context(Killable(tmp_path / kind))

        def build(longest: dict[str, float]) -> dict[str, float]:
            """One of each kind, all at once; how long those took that were not killed. ``longest`` is empty to kill none."""
            for kind, program in programs.items():
                words = ["build", str(tmp_path / "x.nix"), "-A", kind, "--argstr", "n", str(numbers[kind]), "--no-out-link"]
                seconds = longest[kind] * chance.uniform(0.3, 1.1) if longest else None
                program.start(seconds, *words, "--store", str(root))
            ended = {kind: program.finish() for kind, program in programs.items()}
            for kind, (code, _) in ended.items():
                assert code in ((0, -9) if longest else (0,)), (tmp_path / kind / "said").read_text()
            done = {kind: took for kind, (code, took) in ended.items() if code == 0}
            numbers.update(done.keys())
            return done

        build({})  # makes the database
        longest = build({})
        checks = 0
        while killed < KILLS:
            killed += len(KINDS) - len(build(longest))
            if killed // 30 > checks:
                checks = killed // 30
                with LocalStore(str(root)) as store:
                    assert verify(store, check_contents=True) == []
        build({})
        assert any("range" in headers for _, headers in web.seen)  # what had come was not asked for again
    whole(root)
    with LocalStore(str(root)) as store:
        made = {path.name: store.real_path(path) for path in store.all_paths() if not path.is_derivation}
        for kind, count in numbers.items():
            for number in range(count):
                place = made.pop(f"{kind}-{number}")
                found = Path(place).read_bytes() == body if kind == "file" else nar_hash(place)[0].sri() == right["tree"]
                assert found, place
        assert not made
