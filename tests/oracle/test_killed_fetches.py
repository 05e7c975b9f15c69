"""Fetches killed by SIGKILL, a hundred of them: real Nix finds the store whole, nothing partial is valid, and downloads go on.

Each kill, at a random moment, hits three at once: a file, an archive and a git repository, from servers that take their time.
"""

import io
import random
import tarfile
import time
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

KILLS = 34
KINDS = ("file", "tree", "repository")
PIECES = 20
DEFINITION = """{ n }:
with import <nixpkgs> { };
[
  (fetchurl { url = "@WEB@/file"; name = "file-${n}"; sha256 = "@FILE@"; })
  (fetchzip { url = "@WEB@/tree.tar.gz"; name = "tree-${n}"; hash = "@TREE@"; })
  (fetchgit { url = "@GIT@/r.git"; rev = "@REV@"; name = "repository-${n}"; hash = "@TREE@"; })
]
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
    repository = Folder.new(tmp_path / "tree")
    commit = repository.commit("first", {f"folder/{number}": chance.randbytes(50_000) for number in range(10)})
    repository.git("clone", "-q", "--bare", ".", str(tmp_path / "served/r.git"))
    (tmp_path / "tree/.git").rename(tmp_path / "git")
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=1) as tar:
        tar.add(tmp_path / "tree", "tree")
    right = {"file": digest("sha256", body).sri(), "tree": nar_hash(str(tmp_path / "tree"))[0].sri()}
    root = tmp_path / "R"
    killed = number = 0
    with running() as web, smart(tmp_path / "served") as git, Killable(tmp_path) as program:
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

        def build(number: int, seconds: float | None) -> tuple[int, float]:
            words = ["build", "x.nix", "--store", str(root), "--argstr", "n", str(number), "--no-out-link", "-j", "3"]
            return program.run(seconds, *words)

        assert build(0, None)[0] == 0, (tmp_path / "said").read_text()  # makes the database
        code, longest = build(1, None)
        assert code == 0, (tmp_path / "said").read_text()
        number = 2
        while killed < KILLS:
            code, _ = build(number, longest * chance.uniform(0.3, 1.1))
            assert code in (0, -9), (tmp_path / "said").read_text()
            killed, number = (killed, number + 1) if code == 0 else (killed + 1, number)
            if code == -9 and killed % 10 == 0:
                with LocalStore(str(root)) as store:
                    assert verify(store, check_contents=True) == []
        assert build(number, None)[0] == 0, (tmp_path / "said").read_text()
        assert any("range" in headers for _, headers in web.seen)  # what had come was not asked for again
    whole(root)
    with LocalStore(str(root)) as store:
        made = {path.name: store.real_path(path) for path in store.all_paths() if not path.is_derivation}
        for made_of in range(number + 1):
            for kind in KINDS:
                place = made.pop(f"{kind}-{made_of}")
                found = Path(place).read_bytes() == body if kind == "file" else nar_hash(place)[0].sri() == right["tree"]
                assert found, place
        assert not made
