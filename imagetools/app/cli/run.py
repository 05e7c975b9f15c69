"""Parses the command line with typer, runs the command, and turns every error into a sentence and an exit code."""

import os
import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Annotated, Final

import typer

from imagetools.app.cli.arguments import fold_pairs, own_words
from imagetools.app.settings import SettingError, Settings, read_settings
from imagetools.app.ui.failures import exit_code, show_failure
from imagetools.kernel.errors import ImagetoolsError

_INTERRUPTED: Final = 130
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
"""Each command and the module that registers it."""


class NoFolderError(ImagetoolsError):
    """The process was started in a folder that has been removed since."""

    def __init__(self) -> None:
        super().__init__("the current folder has been removed", "change to a folder that exists")


def _check_folder() -> None:
    try:
        os.getcwd()
    except FileNotFoundError:
        raise NoFolderError from None


def _version(ctx: typer.Context, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:  # a shell that completes only wants to know what could come next
        from imagetools.app.version import version_text

        typer.echo(version_text())
        raise typer.Exit


def needed(argv: list[str]) -> Iterable[str]:
    """The modules of commands that ``argv`` needs: one, or all for help, completion and what is no command."""
    name = argv[0] if argv else ""
    return [COMMANDS[name]] if name in COMMANDS else COMMANDS.values()


def application(description: str, modules: Iterable[str]) -> typer.Typer:
    """The commands of some modules of this package. Building all of them would cost each start 20 ms."""
    app = typer.Typer(
        name="imagetools", no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, help=description
    )

    @app.callback(help=description)
    def top(
        version: Annotated[
            bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
        ] = False,
    ) -> None:
        del version

    for module in modules:
        import_module(f"imagetools.app.cli.{module}").register(app)
    return app


def _settings() -> Settings:
    """The settings for showing an error, which may be about the settings."""
    try:
        return read_settings()
    except SettingError:
        return Settings(root="/", cache="", home="/")


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
        words = [*fold_pairs(own), *argv[len(own) :]]
        result = application(description, needed(words))(words, prog_name="imagetools", standalone_mode=True)
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        if code == _INTERRUPTED:  # typer turns Ctrl-C into this, without a word
            print("error: interrupted", file=sys.stderr)  # noqa: T201
        return code
    except ImagetoolsError as error:
        show_failure(error, _settings(), show_trace="--show-trace" in own)
        if debug:
            raise
        return exit_code(error)
    except BrokenPipeError:
        return 141
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
    return result if isinstance(result, int) else 0
