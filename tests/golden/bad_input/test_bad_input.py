"""Input that is wrong, as a person meets it: a command line, what it says on standard error, and how it ends.

The texts are in ``messages.txt``. ``IMAGETOOLS_REFRESH_GOLDEN=1`` writes them anew, and the test then
skips: look at the difference.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.golden.bad_input import builds, definitions, fetching, hostile, images, pulling, pushing, surroundings
from tests.golden.bad_input.case import Case, make_files, normalised
from tests.golden.bad_input.command import argv_for, run_here
from tests.oracle.peers import need

MESSAGES = Path(__file__).with_name("messages.txt")
CASES: Mapping[str, Case] = {
    **definitions.CASES,
    **builds.CASES,
    **surroundings.CASES,
    **fetching.CASES,
    **images.CASES,
    **hostile.CASES,
    **pulling.CASES,
    **pushing.CASES,
}


def without_rights(argv: Sequence[str]) -> list[str]:
    """A command line run with the rights of a file's owner and no others, also where root runs the tests."""
    if os.geteuid() != 0:
        return list(argv)
    need("setpriv")
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--", *argv]


def said(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> str:
    """The command line, what it said and its exit code."""
    make_files(folder, case.files)
    for name in ("IMAGETOOLS_STORE", "IMAGETOOLS_CACHE", "XDG_DATA_HOME", "XDG_CACHE_HOME", "NIX_PATH", "DOCKER_HOST"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": str(folder / "home"), "NO_COLOR": "1", **case.env}.items():
        monkeypatch.setenv(name, value.replace("/work", str(folder)))
    monkeypatch.chdir(folder)
    for path, mode in case.modes.items():
        os.chmod(folder / path, mode)
    argv = [os.fsdecode(word).replace("/work/", f"{folder}/") for word in case.words]
    capfd.readouterr()
    code = subprocess.run(without_rights(argv_for(*argv)), check=False).returncode if case.modes else run_here(argv)
    output, error = capfd.readouterr()
    for path in case.modes:
        os.chmod(folder / path, 0o700)
    words = " ".join(repr(word)[1:] if isinstance(word, bytes) else word for word in case.words)
    return f"$ imagetools {words}\n{normalised(error, folder)}{normalised(output, folder)}exit code {code}\n"


def stored() -> dict[str, str]:
    blocks = MESSAGES.read_text().split("\n=== ")
    return {head: text.rstrip("\n") + "\n" for head, _, text in (block.partition("\n") for block in blocks[1:])}


def kept(name: str, text: str) -> None:
    """Compare with what is stored, or store it."""
    messages = stored()
    if os.environ.get("IMAGETOOLS_REFRESH_GOLDEN") == "1":
        order = {key: {**messages, name: text}.get(key, "") for key in CASES}
        blocks = [f"=== {key}\n{value}\n" for key, value in order.items() if value]
        MESSAGES.write_text("Written by test_bad_input.py, see there.\n\n" + "\n".join(blocks))
        pytest.skip("the message was written anew")
    assert text == messages.get(name)


def test_every_message_has_its_case() -> None:
    assert list(stored()) == list(CASES)


@pytest.mark.parametrize("name", list(CASES))
def test_message(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    kept(name, said(CASES[name], tmp_path, monkeypatch, capfd))
