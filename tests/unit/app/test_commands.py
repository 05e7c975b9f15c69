"""Which modules of commands a command line imports."""

import subprocess
import sys

import pytest
import typer.main

from imagetools.app.cli.run import COMMANDS, application, needed

EVERY = list(COMMANDS.values())


@pytest.mark.parametrize("argv", [[], ["--help"], ["--version", "build"], ["biuld"], [""]])
def test_all_where_no_command_is_named(argv: list[str]) -> None:
    assert list(needed(argv)) == EVERY


@pytest.mark.parametrize("name", COMMANDS)
def test_one_module_brings_its_command_and_no_other(name: str) -> None:
    group = typer.main.get_group(application("about", needed([name, "--help"])))
    assert list(group.commands) == [name]


def test_the_help_has_them_all() -> None:
    assert set(typer.main.get_group(application("about", EVERY)).commands) == set(COMMANDS)


def test_a_command_leaves_the_others_alone() -> None:
    code = "import sys; from imagetools.app.cli.run import run; run(['hash', '--help'], ''); "
    code += "print('imagetools.app.cli.hash' in sys.modules, 'imagetools.app.cli.build' in sys.modules, file=sys.stderr)"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stderr
    assert said == "True False\n"
