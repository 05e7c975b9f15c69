"""What an error looks like on standard error."""

import pytest

from imagetools.app.settings import Settings
from imagetools.app.ui.failures import show_failure
from imagetools.app.ui.terminal import clean, shown
from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.runtime.errors import ThrownError

SETTINGS = Settings(root="/", cache="", home="/")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain \u00e9\ttext", "plain \u00e9\ttext"),
        ("\x1b[31;1mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[1;1Htop", "top"),
        ("\x1b]0;title\x07text\x1b]8;;http://x\x1b\\link", "textlink"),
        ("\x1b(Bx\x1b=y", "xy"),
        ("bell\x07 nul\x00 esc\x1b", "bell\ufffd nul\ufffd esc\ufffd"),
    ],
)
def test_text_that_cannot_touch_the_terminal(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_builders_cannot_touch_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_failure(ImagetoolsError("failed:\n> \x1b[31mred\x1b]0;title\x07"), SETTINGS, show_trace=False)
    assert capsys.readouterr().err == "error: failed:\n       > red\n"


def test_throw_colours_only_where_there_are_colours(capsys: pytest.CaptureFixture[str]) -> None:
    show_failure(ThrownError("\x1b[31mred\x1b[0m"), SETTINGS, show_trace=False)
    assert capsys.readouterr().err == "error: red\n"


def test_of_what_an_evaluation_says_only_colours_reach_the_terminal() -> None:
    text = "\x1b[31mred\x1b[0m\x1b[2J\x1b]0;title\x07\r\a\tend\n"
    assert shown(text, colour=True) == "\x1b[31mred\x1b[0m\tend\n"
    assert shown(text, colour=False) == "red\tend\n"
