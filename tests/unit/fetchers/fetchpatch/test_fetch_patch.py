"""builtin:fetchpatch with a real transport: from a server to a file."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.builtin.api import BuiltinError, MissingAttributeError, NoNetworkError
from imagetools.bundled.fetchers.fetchpatch.fetch_patch import DecodeError, EmptyDownloadError, FetchPatch
from imagetools.bundled.fetchers.fetchpatch.pipeline import NoPatchError, NothingSelectedError
from imagetools.net.http import HttpTransport
from imagetools.net.policy import RetryPolicy
from tests.unit.fetchers.context import SHELL, SmallContext
from tests.unit.net.server import Server, running, status

PATCH = b"From: me\n\ndiff --git a/x.c b/x.c\nindex 1..2 100644\n--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@ f()\n-a\n+b\n-- \n2.40\n"
ORDERED = b"--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-a\n+b\n"


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as made:
        yield made


@pytest.fixture
def transport() -> Iterator[HttpTransport]:
    made = HttpTransport(sleep=lambda seconds: None, policy=RetryPolicy(attempts=2))
    yield made
    made.close()


@pytest.fixture
def context(server: Server, transport: HttpTransport, tmp_path: Path) -> SmallContext:
    server.script["/x.patch"] = [status(200, PATCH)]
    env = {"urls": server.url("/x.patch"), "patchutils": "0.3.3", "stripLen": "0", **SHELL}
    return SmallContext.below(tmp_path, "fetchpatch", env, transport)


def built(ctx: SmallContext, **env: str) -> bytes:
    ctx.env = {**ctx.env, **env}
    FetchPatch().build(ctx)
    return Path(ctx.outputs["out"]).read_bytes()


def test_a_patch(context: SmallContext) -> None:
    assert built(context) == ORDERED
    assert Path(context.outputs["out"]).stat().st_mode & 0o777 == 0o644


def test_the_newer_release(context: SmallContext) -> None:
    assert built(context, patchutils="0.4.2") == b"diff --git a/x.c b/x.c\nindex 1..2 100644\n" + ORDERED


def test_all_arguments(context: SmallContext) -> None:
    context.env = {**context.env, "stripLen": "1", "extraPrefix": "lib/", "includes": '["lib/x.c"]', "hunks": "1", "revert": "1"}
    assert built(context) == b"reverted:\n--- b/lib/x.c\n+++ a/lib/x.c\n@@ -1 +1 @@\n+a\n-b\n"


def test_decode_and_post_fetch(context: SmallContext, server: Server) -> None:
    server.script["/x.patch"] = [status(200, base64.encodebytes(PATCH))]
    assert built(context, decode="base64 -d", postFetch='echo behind >> "$out"') == ORDERED + b"behind\n"
    assert not Path(context.scratch, "patch").exists()


@pytest.mark.parametrize("command", ["false", "true", "base64 -d", "no-such-program"])
def test_decode_fails(context: SmallContext, command: str) -> None:
    with pytest.raises(DecodeError) as caught:
        built(context, decode=command)
    first = caught.value.message.splitlines()
    assert first[0] == f"the patch cannot be decoded with `{command}`; what came begins with"
    assert first[1] == "000000  46 72 6f 6d 3a 20 6d 65 0a 0a 64 69 66 66 20 2d  From: me..diff -"
    assert len(first) == 1 + 7


def test_a_web_page(context: SmallContext, server: Server) -> None:
    server.script["/x.patch"] = [status(200, b"<html>\n" + b"<br>\n" * 300)]
    with pytest.raises(NoPatchError):
        built(context)
    where = context.lines.index("it was:")
    assert context.lines[where + 1] == "<html>"
    assert context.lines[-1] == "... and 102 lines more"


def test_nothing_selected(context: SmallContext) -> None:
    with pytest.raises(NothingSelectedError):
        built(context, excludes='["*"]')
    assert "+++ b/x.c" in context.lines


def test_an_empty_answer(context: SmallContext, server: Server) -> None:
    server.script["/x.patch"] = [status(200, b"")]
    with pytest.raises(EmptyDownloadError, match="the downloaded patch is empty"):
        built(context)


def test_misuse(context: SmallContext) -> None:
    with pytest.raises(MissingAttributeError, match="patchutils"):
        built(context, patchutils="9")
    context.outputs = {}
    with pytest.raises(BuiltinError, match="exactly one output"):
        FetchPatch().build(context)
    context.outputs, context.transport = {"out": "/nowhere"}, None
    with pytest.raises(NoNetworkError):
        built(context, patchutils="0.3.3")
