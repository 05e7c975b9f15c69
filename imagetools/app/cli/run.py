"""Reads the command line, runs the command, and turns every error into a sentence and an exit code."""

import os
import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Final, cast

from imagetools.app.cli import quick
from imagetools.app.cli.arguments import fold_pairs, own_words
from imagetools.app.cli.declare import Call, Command, Group
from imagetools.app.settings import SettingError, Settings, process_environment, read_settings
from imagetools.kernel.errors import ImagetoolsError

_INTERRUPTED: Final = 130
_COMPLETION: Final = "_IMAGETOOLS_COMPLETE"
"""What the shells' completion sets."""
COMMANDS: Final = {
    "build": "build",
    "eval": "evaluate",
    "repl": "repl",
    "run": "run_program",
    "instantiate": "instantiate",
    "prefetch": "prefetch",
    "load": "load",
    "push": "push",
    "image": "image",
    "appimage": "appimage",
    "log": "log",
    "store": "store",
    "copy": "copy",
    "key": "key",
    "hash": "hash",
    "pkgs": "packages",
}
"""Each command and the module that declares it."""


class NoFolderError(ImagetoolsError):
    """The process was started in a folder that has been removed since."""

    def __init__(self) -> None:
        super().__init__("the current folder has been removed", "change to a folder that exists")


def _check_folder() -> None:
    try:
        os.getcwd()
    except FileNotFoundError:
        raise NoFolderError from None


def needed(argv: list[str]) -> Iterable[str]:
    """The modules of commands that ``argv`` needs: one, or all for help, completion and what is no command."""
    name = argv[0] if argv else ""
    return [COMMANDS[name]] if name in COMMANDS else COMMANDS.values()


def declared(module: str) -> Command | Group:
    """What a module of this package declares."""
    return cast("Command | Group", import_module(f"imagetools.app.cli.{module}").DECLARED)


def understood(words: list[str], description: str) -> Call:
    """What a command line means. Raises SystemExit where typer has answered it: help, a mistake, a completion."""
    if words and words[0] in COMMANDS and _COMPLETION not in process_environment():
        call = quick.parse(words[1:], declared(COMMANDS[words[0]]))
        if call is not None:
            return call
    from imagetools.app.cli import typer_app

    return typer_app.parse(words, [declared(module) for module in needed(words)], description)


def _settings() -> Settings:
    """The settings for showing an error, which may be about the settings."""
    try:
        return read_settings()
    except SettingError:
        return Settings(root="/", cache="", home="/")


def _interrupted() -> int:
    print("error: interrupted", file=sys.stderr)  # noqa: T201
    return _INTERRUPTED


def _close() -> None:
    if "imagetools.app.compose" in sys.modules:  # `--help` opens nothing and need not import it
        from imagetools.app.compose import close_stores

        close_stores()


def run(argv: list[str], description: str) -> int:
    """Run ``argv``; returns the exit code. Nothing escapes as a traceback unless ``--debug`` is given."""
    own = own_words(argv)
    debug = "--debug" in own
    try:
        _check_folder()
        return understood([*fold_pairs(own), *argv[len(own) :]], description)()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        return _interrupted() if code == _INTERRUPTED else code  # typer turns Ctrl-C into this, without a word
    except KeyboardInterrupt:
        return _interrupted()
    except ImagetoolsError as error:
        from imagetools.app.ui.failures import exit_code, show_failure

        show_failure(error, _settings(), show_trace="--show-trace" in own)
        if debug:
            raise
        return exit_code(error)
    except BrokenPipeError:  # whoever reads what is printed has heard enough
        return 1
    except OSError as error:
        if debug:
            raise
        where = f": {error.filename}" if error.filename else ""
        print(f"error: {error.strerror or error}{where}", file=sys.stderr)  # noqa: T201
        return 1
    except Exception as error:
        if debug:
            raise
        print(f"error: internal error: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201
        print("hint: this is a fault of imagetools; --debug shows where it happened", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        _close()
