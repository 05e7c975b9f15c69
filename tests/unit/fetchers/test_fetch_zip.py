"""builtin:fetchzip with a real transport: from a server to a tree."""

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.archive.unpack import UnsafeMemberError
from imagetools.builtin.api import BuiltinError, MissingAttributeError, NoNetworkError, ShellFailedError
from imagetools.bundled.fetchers.archives import NoArchiveError
from imagetools.bundled.fetchers.fetchzip.fetch_zip import FetchZip, RootCountError, archive_name, lift_root
from imagetools.net.http import HttpTransport
from imagetools.net.policy import RetryPolicy
from tests.unit.archive.tapes import file, folder, symlink, tape
from tests.unit.fetchers.context import SHELL, SmallContext
from tests.unit.net.server import Server, running, status

TARBALL = gzip.compress(tape(folder(b"p-1/"), file(b"p-1/x", b"text", 0o755), file(b"p-1/d/y", b"more"), symlink(b"p-1/l", b"x")))
STRICT = {"stripRoot": "1", "archiveName": "p.tar.gz"}


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as made:
        yield made


@pytest.fixture
def transport() -> Iterator[HttpTransport]:
    made = HttpTransport(sleep=lambda seconds: None, policy=RetryPolicy(attempts=2))
    yield made
    made.close()


def tree(root: Path) -> dict[str, str]:
    found = {}
    for path in sorted(root.rglob("*")):
        text = f"-> {path.readlink()}" if path.is_symlink() else "" if path.is_dir() else path.read_text()
        found[str(path.relative_to(root))] = text
    return found


def fetched(server: Server, transport: HttpTransport, place: Path, body: bytes, **env: str) -> SmallContext:
    server.script["/p.tar.gz"] = [status(200, body)]
    ctx = SmallContext.below(place, "fetchzip", {"urls": server.url("/p.tar.gz"), **STRICT, **env}, transport)
    FetchZip().build(ctx)
    return ctx


def test_a_tree(server: Server, transport: HttpTransport, tmp_path: Path) -> None:
    ctx = fetched(server, transport, tmp_path, TARBALL)
    assert tree(tmp_path / "out") == {"x": "text", "d": "", "d/y": "more", "l": "-> x"}
    assert (tmp_path / "out/x").stat().st_mode & 0o777 == 0o555
    assert ctx.lines[-1] == "unpacked 8 bytes"


def test_without_its_root(server: Server, transport: HttpTransport, tmp_path: Path) -> None:
    fetched(server, transport, tmp_path, TARBALL, stripRoot="")
    assert set(tree(tmp_path / "out")) == {"p-1", "p-1/x", "p-1/d", "p-1/d/y", "p-1/l"}


@pytest.mark.parametrize(
    ("parts", "result"),
    [
        ([file(b"only", b"1")], {"only": "1"}),
        ([file(b"p/p/p", b"1"), file(b"p/root-0", b"2")], {"p": "", "p/p": "1", "root-0": "2"}),
        ([file(b"p/p", b"1")], {"p": "1"}),
        ([folder(b"p")], {}),
        ([file(b".hidden/x", b"1")], {"x": "1"}),
    ],
)
def test_roots(server: Server, transport: HttpTransport, tmp_path: Path, parts: list[bytes], result: dict[str, str]) -> None:
    fetched(server, transport, tmp_path, tape(*parts))
    assert tree(tmp_path / "out") == result


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([file(b"a"), folder(b"b")], "(it has 2: 'a', 'b')"),
        ([file(b".hidden"), folder(b"b")], "(it has 2: '.hidden', 'b')"),
        ([file(b"%d" % number) for number in range(7)], "(it has 7: '0', '1', '2', '3', '4' ...)"),
        ([symlink(b"a", b"b")], "(it has a link, 'a')"),
        ([], "(it has nothing)"),
    ],
)
def test_not_one_root(server: Server, transport: HttpTransport, tmp_path: Path, parts: list[bytes], said: str) -> None:
    with pytest.raises(RootCountError) as caught:
        fetched(server, transport, tmp_path, tape(*parts))
    assert caught.value.message == f"zip file must contain a single file or directory. {said}"
    assert caught.value.hint == "Pass stripRoot=false; to fetchzip to assume flat list of files."


def test_links_that_lead_out(server: Server, transport: HttpTransport, tmp_path: Path) -> None:
    body = tape(symlink(b"p/a", b"/usr/share/x"), symlink(b"p/b", b"../../y"), symlink(b"p/c", b"../q"))
    with pytest.raises(UnsafeMemberError, match="'p/a': it links to the absolute path '/usr/share/x'") as caught:
        fetched(server, transport, tmp_path, body)
    assert "allowOutsideLinks = true" in str(caught.value.hint)
    again = tmp_path / "again"
    again.mkdir()
    fetched(server, transport, again, body, allowOutsideLinks="1")
    assert tree(again / "out") == {"a": "-> /usr/share/x", "b": "-> ../../y", "c": "-> ../q"}


def test_no_archive(server: Server, transport: HttpTransport, tmp_path: Path) -> None:
    with pytest.raises(NoArchiveError, match=r"'p\.tar\.gz' is no archive that can be unpacked: it is an HTML page"):
        fetched(server, transport, tmp_path, b"<!doctype html><title>Sign in</title>")


def shell(text: str) -> dict[str, str]:
    return {"postFetch": text, **SHELL}


def test_post_fetch(server: Server, transport: HttpTransport, tmp_path: Path) -> None:
    text = 'echo more >> $out/x; ls -A "$unpackDir" > $out/left; basename "$renamed" > $out/name; pwd > $out/where\n'
    text += "umask > $out/mask"
    ctx = fetched(server, transport, tmp_path, TARBALL, **shell(text))
    found = tree(tmp_path / "out")
    assert found["x"] == "textmore\n"
    assert (found["left"], found["name"], found["mask"]) == ("", "p.tar.gz\n", "0022\n")
    assert found["where"] == f"{ctx.scratch}/unpack\n"


def test_post_fetch_may_make_a_file_of_it(server: Server, transport: HttpTransport, tmp_path: Path) -> None:
    fetched(server, transport, tmp_path, TARBALL, **shell('mv $out t; cp t/l $out; [ "$PWD" = "$unpackDir" ]'))
    out = tmp_path / "out"
    assert out.read_text() == "text"
    assert out.stat().st_mode & 0o777 == 0o755  # nixpkgs' last step


def test_post_fetch_fails(server: Server, transport: HttpTransport, tmp_path: Path) -> None:
    with pytest.raises(ShellFailedError):
        fetched(server, transport, tmp_path, TARBALL, **shell("false | true; echo no"))


def test_a_file_url_is_read_where_it_lies(transport: HttpTransport, tmp_path: Path) -> None:
    (tmp_path / "a b.tar.gz").write_bytes(TARBALL)
    url = f"file://{tmp_path}/a%20b.tar.gz"
    assert FetchZip().host_files({"urls": url}) == (f"{tmp_path}/a b.tar.gz",)
    ctx = SmallContext.below(tmp_path, "fetchzip", {"urls": url, **STRICT}, transport)
    FetchZip().build(ctx)
    assert tree(tmp_path / "out")["x"] == "text"
    assert os.listdir(tmp_path / "build") == []
    assert ctx.lines == [f"reading '{url}'", "unpacked 8 bytes"]


def test_a_file_url_to_nothing(transport: HttpTransport, tmp_path: Path) -> None:
    ctx = SmallContext.below(tmp_path, "fetchzip", {"urls": f"file://{tmp_path}/gone.zip", **STRICT}, transport)
    with pytest.raises(BuiltinError, match=r"gone\.zip': No such file or directory"):
        FetchZip().build(ctx)
    assert not (tmp_path / "out").exists()


def test_what_it_needs(transport: HttpTransport, tmp_path: Path) -> None:
    with pytest.raises(MissingAttributeError):
        FetchZip().build(SmallContext.below(tmp_path, "fetchzip", {}, transport))
    with pytest.raises(NoNetworkError):
        FetchZip().build(SmallContext.below(tmp_path, "fetchzip", {"urls": "http://x/y.zip"}))
    ctx = SmallContext.below(tmp_path, "fetchzip", {"urls": "http://x/y.zip"}, transport)
    ctx.outputs = {"out": "a", "doc": "b"}
    with pytest.raises(BuiltinError, match="exactly one output"):
        FetchZip().build(ctx)


def test_names() -> None:
    assert archive_name("x.tar.gz") == "x.tar.gz"
    assert archive_name("") == archive_name("..") == "download"
    assert archive_name("\xc3\xbc?x=1") == "ü?x=1"
    assert len(archive_name("x" * 500)) == 255


def test_lifting_needs_one(tmp_path: Path) -> None:
    with pytest.raises(RootCountError):
        lift_root(str(tmp_path))
