"""Our engine against what patchutils 0.3.3 and 0.4.2 made of the same patches."""

import base64
from pathlib import Path

import pytest

from imagetools.bundled.fetchers.fetchpatch.dialect import DIALECTS
from imagetools.bundled.fetchers.fetchpatch.fetch_patch import decoded
from tests.unit.fetchers.context import SHELL, SmallContext

from .cases import FOLDER, OPTION_SETS, PATCHES, Options, digest, digests, outcome

RESULTS = sorted(path for path in (FOLDER / "results").glob("*/*"))


@pytest.mark.parametrize("release", DIALECTS)
def test_every_patch_has_its_digests(release: str) -> None:
    found = digests(release)
    assert sorted(found) == PATCHES
    assert {len(each) for each in found.values()} == {len(OPTION_SETS)}
    assert len(PATCHES) >= 40


@pytest.mark.parametrize("release", DIALECTS)
@pytest.mark.parametrize("name", PATCHES)
def test_every_option_alone_and_in_pairs(name: str, release: str) -> None:
    data = (FOLDER / "patches" / name).read_bytes()
    expected = dict(zip(OPTION_SETS, digests(release)[name], strict=True))
    ours = {asked: digest(outcome(data, options, DIALECTS[release])) for asked, options in OPTION_SETS.items()}
    assert ours == expected


@pytest.mark.parametrize("name", PATCHES)
def test_decode_alone_and_with_every_other_option(name: str, tmp_path: Path) -> None:
    """The shell gives back the very bytes that every combination was made of."""
    data = (FOLDER / "patches" / name).read_bytes()
    (tmp_path / "out").write_bytes(base64.encodebytes(data))
    ctx = SmallContext.below(tmp_path, "fetchpatch", {"decode": "base64 -d", **SHELL})
    found = decoded(ctx, ctx.outputs["out"])
    for release, dialect in DIALECTS.items():
        expected = dict(zip(OPTION_SETS, digests(release)[name], strict=True))
        for asked in (asked for asked in OPTION_SETS if "+" not in asked):
            assert digest(outcome(found, OPTION_SETS[asked], dialect)) == expected[asked], (release, asked)


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_results_to_read(path: Path) -> None:
    release, _, asked = path.parent.name.partition("-")
    options = OPTION_SETS[asked] if asked else Options()
    data = (FOLDER / "patches" / path.name).read_bytes()
    assert outcome(data, options, DIALECTS[release]) == path.read_bytes()
