"""fetchpatch2 against Debian's patchutils 0.4.2: the patches of the golden tests, and made-up ones."""

import difflib
import os
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagetools.bundled.fetchers.fetchpatch.dialect import PATCHUTILS_0_4_2
from tests.golden.fetchpatch.cases import FOLDER, OPTION_SETS, PATCHES, Options, digest, outcome
from tests.oracle.fetchpatch_steps import real_outcome
from tests.oracle.peers import need

pytestmark = pytest.mark.oracle

# a longer run: IMAGETOOLS_FUZZ=20000 pytest tests/oracle/test_fetchpatch.py
_EXAMPLES = int(os.environ.get("IMAGETOOLS_FUZZ", "120"))


@pytest.fixture(autouse=True, scope="module")
def _patchutils() -> None:
    need("filterdiff", "lsdiff", "interdiff", "prlimit")
    version = subprocess.run(["filterdiff", "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    if version != PATCHUTILS_0_4_2.release:
        pytest.skip(f"patchutils {version} is installed, not {PATCHUTILS_0_4_2.release}")


@pytest.mark.parametrize("name", PATCHES)
def test_patches(name: str) -> None:
    data = (FOLDER / "patches" / name).read_bytes()
    # what two options do together is in the digests of the golden tests, which the same programs made
    for asked in (asked for asked in OPTION_SETS if "+" not in asked):
        real = real_outcome(data, OPTION_SETS[asked])
        assert digest(outcome(data, OPTION_SETS[asked], PATCHUTILS_0_4_2)) == digest(real), asked


_LINE = st.sampled_from(["a", "b", "", "-- c", "++ d", "--- e", "@@ -1 +1 @@", "\tf", "g\r", "héllo", "\\ h", " "])
_TEXT = st.lists(_LINE, max_size=25).map(lambda lines: [line + "\n" for line in lines])
_NAME = st.sampled_from(["src/x.c", "src/y.h", "src/deep/z.c", "tests/t", "README", "a b", "x[1].c", 'q"uote', "st*r", "lib/é"])


@st.composite
def _patches(draw: st.DrawFn) -> bytes:
    """Files of a patch as git, diff or Mercurial write them, with text before, between and behind."""
    out = draw(st.sampled_from(["", "From 0123 Mon\nSubject: x\n\n---\n x | 2 +-\n\n"]))
    for _ in range(draw(st.integers(1, 5))):
        name, old = draw(_NAME), draw(_TEXT)
        new = draw(_TEXT | st.just([*old, "end\n"]) | st.just([*old[:3], "changed\n", *old[4:]]))
        if draw(st.booleans()) and new:
            new = [*new[:-1], new[-1].rstrip("\n") + "\n\\ No newline at end of file\n"]
        before, after = draw(st.sampled_from([(f"a/{name}", f"b/{name}"), (name, name), (f"p-1/{name}", f"p-2/{name}.new")]))
        before = draw(st.sampled_from([before, before, before, "/dev/null"]))
        stamp = draw(st.sampled_from(["", "", "\t", "\t2024-01-02 03:04:05.000000000 +0000", "\tThu Jan  1 00:00:00 1970"]))
        out += draw(st.sampled_from(["", f"diff --git {before} {after}\nindex 1..2 100644\n", f"diff -ruN {before} {after}\n"]))
        out += draw(st.sampled_from(["", "", "old mode 100644\nnew mode 100755\n", "new file mode 100644\n", "junk\n"]))
        context = draw(st.integers(0, 3))
        lines = list(difflib.unified_diff(old, new, before, after, n=context))
        if lines:
            lines[:2] = [f"--- {before}{stamp}\n", f"+++ {after}{stamp}\n"]
        out += "".join(lines)
        out += draw(st.sampled_from(["", "", "", "-- \n2.40\n\n", "\n", "Only in x: y\n", "\\ remark\n"]))
    data = out.encode()
    if draw(st.integers(0, 9)) == 0:
        data = data[: draw(st.integers(0, len(data)))]
    return data


_OPTIONS = st.builds(
    Options,
    relative=st.sampled_from([None, None, None, "src", "src/deep"]),
    strip=st.integers(0, 3),
    extra_prefix=st.sampled_from([None, None, "lib/", "x y/", ""]),
    excludes=st.sampled_from([(), (), ("*.c",), ("src/*", "README"), ("*[xy]*",)]),
    includes=st.just(()),
    hunks=st.sampled_from([None, None, "1", "2-", "x1", "1,3"]),
    revert=st.booleans(),
)


@settings(max_examples=_EXAMPLES, deadline=None)
@given(_patches(), _OPTIONS)
def test_made_up_patches(data: bytes, options: Options) -> None:
    assert outcome(data, options, PATCHUTILS_0_4_2) == real_outcome(data, options)
