"""Which modules of commands a command line imports."""

import subprocess
import sys

import pytest
import typer.main

from imagetools.app.cli.run import COMMANDS, declared, needed
from imagetools.app.cli.typer_app import application

EVERY = list(COMMANDS.values())


@pytest.mark.parametrize("argv", [[], ["--help"], ["--version", "build"], ["biuld"], [""]])
def test_all_where_no_command_is_named(argv: list[str]) -> None:
    assert list(needed(argv)) == EVERY


@pytest.mark.parametrize("name", COMMANDS)
def test_one_module_brings_its_command_and_no_other(name: str) -> None:
    assert [declared(module).name for module in needed([name, "--help"])] == [name]


def test_the_help_has_them_all() -> None:
    app = application([declared(module) for module in EVERY], "about", list[object]().append)
    assert set(typer.main.get_group(app).commands) == set(COMMANDS)


def test_a_command_leaves_the_others_alone() -> None:
    code = "import sys; from imagetools.app.cli.run import run; run(['hash', '--help'], ''); "
    code += "print('imagetools.app.cli.hash' in sys.modules, 'imagetools.app.cli.build' in sys.modules, file=sys.stderr)"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stderr
    assert said == "True False\n"


@pytest.mark.parametrize(
    ("words", "wanted"),
    [(["hash", "to-sri", "--type", "md5", "0" * 32], False), (["hash", "--help"], True), (["hash", "x"], True)],
)
def test_typer_comes_where_it_has_something_to_say(words: list[str], wanted: bool) -> None:
    code = f"import sys; from imagetools.app.cli.run import run; run({words}, ''); print('typer' in sys.modules, file=sys.stderr)"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stderr
    assert said.endswith(f"{wanted}\n")
