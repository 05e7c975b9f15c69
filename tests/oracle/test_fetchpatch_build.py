"""fetchpatch and fetchpatch2 as a person uses them: whole commands, a server, the sandbox."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.kernel.hashes import digest
from tests.golden.fetchpatch.cases import FOLDER
from tests.oracle.commands import imagetools
from tests.oracle.packages import Furnish
from tests.unit.net.server import Server, running, status
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

PATCH = (FOLDER / "patches" / "git-format-patch.patch").read_bytes()


@pytest.fixture
def server() -> Iterator[Server]:
    need_namespaces()
    with running() as made:
        made.script["/fix.patch"] = [status(200, PATCH)]
        made.script["/fix.base64"] = [status(200, base64.encodebytes(PATCH))]
        made.script["/page"] = [status(200, b"<html>not found, sorry</html>\n")]
        yield made


def fetched(release: str, asked: str = "") -> bytes:
    return (FOLDER / "results" / (release + asked) / "git-format-patch.patch").read_bytes()


def sri(data: bytes) -> str:
    return digest("sha256", data).sri()


def test_both_functions(server: Server, tmp_path: Path, furnish: Furnish) -> None:
    furnish(tmp_path)
    url, coded = server.url("/fix.patch"), server.url("/fix.base64")
    expression = f"""with import <nixpkgs> {{ }}; [
      (fetchpatch {{ url = "{url}"; hash = "{sri(fetched("0.3.3"))}"; }})
      (fetchpatch {{ url = "{url}"; name = "back.patch"; revert = true; sha256 = "{sri(fetched("0.3.3", "-revert"))}"; }})
      (fetchpatch2 {{ url = "{url}"; hash = "{sri(fetched("0.4.2"))}"; }})
      (fetchpatch2 {{
        url = "{coded}";
        name = "decoded.patch";
        decode = "base64 -d";
        postFetch = ''echo "# by $name" >> "$out"'';
        hash = "{sri(fetched("0.4.2") + b"# by decoded.patch" + bytes([10]))}";
      }})
    ]"""
    done = imagetools("build", "--no-out-link", "-E", expression, home=tmp_path)
    first, second, third, fourth = (Path(line) for line in done.stdout.split())
    assert first.read_bytes() == fetched("0.3.3")
    assert first.name.endswith("-fix.patch")
    assert second.read_bytes() == fetched("0.3.3", "-revert")
    assert third.read_bytes() == fetched("0.4.2")
    assert fourth.read_bytes() == fetched("0.4.2") + b"# by decoded.patch\n"


def test_a_web_page(server: Server, tmp_path: Path) -> None:
    expression = f'(import <nixpkgs> {{ }}).fetchpatch2 {{ url = "{server.url("/page")}"; hash = ""; }}'
    done = imagetools("build", "--no-out-link", "-E", expression, home=tmp_path, check=False)
    assert done.returncode
    assert "nothing is left of the downloaded file: it is no patch" in done.stderr
    assert "<html>not found, sorry</html>" in done.stderr
    assert "is it a web page about the patch?" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('includes = [ "a" ]; excludes = [ "b" ];', "`excludes` and `includes` cannot be used together"),
        ('includes = "a";', "`excludes` and `includes` are lists of patterns"),
        ("hunks = 1;", "`hunks` is a list of numbers and ranges"),
        ('stripLen = "1";', "`stripLen` is the number of folders to take off each name"),
        ("executable = true;", "`executable` has no meaning here"),
        ("downloadToTemp = true;", "`downloadToTemp` has no meaning here"),
        ("showURLs = true;", "`showURLs` has no meaning here"),
    ],
)
def test_arguments_that_cannot_be(arguments: str, message: str, tmp_path: Path) -> None:
    expression = f'(import <nixpkgs> {{ }}).fetchpatch {{ url = "http://h/x.patch"; hash = ""; {arguments} }}'
    done = imagetools("eval", "-E", f"({expression}).drvPath", home=tmp_path, check=False)
    assert done.returncode
    assert f"fetchpatch of http://h/x.patch: {message}" in done.stderr


def test_attributes_of_the_result(tmp_path: Path) -> None:
    expression = """
      let pkgs = import <nixpkgs> { };
          patch = pkgs.fetchpatch2 {
            url = "http://h/dir/x.patch"; hash = ""; meta.description = "d"; passthru.more = 1; relative = "src"; stripLen = 1;
          };
      in [ patch.name patch.url patch.meta.description patch.more patch.stripLen patch.extraPrefix
           pkgs.fetchpatch.version pkgs.fetchpatch2.version (patch ? override) patch.outputHashMode ]"""
    done = imagetools("eval", "--strict", "-E", expression, home=tmp_path)
    assert done.stdout.strip() == '[ "x.patch" "http://h/dir/x.patch" "d" 1 3 "" 1 2 true "flat" ]'
