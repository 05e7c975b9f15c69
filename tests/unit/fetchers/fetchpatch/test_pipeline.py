"""What is said where a patch cannot be put in order."""

import pytest

from imagetools.builtin.api import BuiltinError
from imagetools.bundled.fetchers.fetchpatch.dialect import PATCHUTILS_0_3_3, PATCHUTILS_0_4_2
from imagetools.bundled.fetchers.fetchpatch.pipeline import Wanted, process

HEADERS = b"--- a/src/x.c\n+++ b/src/x.c\n"
PATCH = HEADERS + b"@@ -1 +1 @@ f()\n-a\n+b\n"


@pytest.mark.parametrize(
    ("data", "wanted", "message", "hint"),
    [
        (
            b"<html>\n",
            Wanted(),
            "nothing is left of the downloaded file: it is no patch",
            "is it a web page about the patch? Many forges have the patch where '.patch' or '.diff' is added to the URL",
        ),
        (
            PATCH,
            Wanted(relative=b"lib"),
            "nothing is left of the downloaded file: it has no change below `relative`",
            "`relative` is a folder as it is called in the patch, without the leading a/ or b/",
        ),
        (
            PATCH,
            Wanted(includes=(b"x.c",)),
            "nothing is left of the patch after `includes`, `excludes` and `hunks`",
            "check them against the names in the patch as it is after stripLen and extraPrefix (the first part is left out in "
            "comparing): a/src/x.c, b/src/x.c",
        ),
        (
            HEADERS + b"@@ x @@\n",
            Wanted(),
            "the patch has a line that is not understood: '@@ x @@'",
            "a hunk begins with a line such as '@@ -1,3 +1,4 @@'; use fetchurl to take the file as it is",
        ),
        (
            HEADERS + b"@@ -1,2 +1,2 @@\n\n-a\n+b\n",
            Wanted(revert=True),
            "the patch cannot be reverted: an empty line stands where a line with one space belongs",
            "fetch it without `revert` and apply it with 'patch --reverse'",
        ),
        (
            HEADERS + b"@@ -1,2 +1,2 @@\n",
            Wanted(revert=True),
            "the patch cannot be reverted: its last hunk has no lines",
            "fetch it without `revert` and apply it with 'patch --reverse'",
        ),
    ],
)
def test_failures(data: bytes, wanted: Wanted, message: str, hint: str) -> None:
    with pytest.raises(BuiltinError) as caught:
        process(data, wanted, PATCHUTILS_0_4_2)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_what_the_releases_differ_in() -> None:
    renamed = b"diff --git a/src/y.c b/src/x.c\nrename from src/y.c\nrename to src/x.c\n" + PATCH
    cleaned = HEADERS + b"@@ -1 +1 @@\n-a\n+b\n"
    assert process(renamed, Wanted(), PATCHUTILS_0_3_3) == cleaned
    assert process(renamed, Wanted(), PATCHUTILS_0_4_2) == renamed[: -len(PATCH)] + cleaned


def first_line(text: bytes) -> bytes:
    return text.split(b"\n")[0]


def test_a_large_patch_is_no_matter() -> None:
    files = [
        b"--- a/f%d\n+++ b/f%d\n@@ -1,200 +1,200 @@\n" % (number, number) + b" line\n" * 199 + b"-a\n+b\n"
        for number in range(300)
    ]
    ordered = sorted(files, key=first_line)
    assert process(b"".join(files), Wanted(), PATCHUTILS_0_4_2) == b"".join(ordered)
