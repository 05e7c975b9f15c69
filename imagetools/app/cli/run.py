"""Parses the command line with typer, runs the command, and turns every error into a sentence and an exit code."""

import os
import sys
from typing import Annotated, Final

import typer

from imagetools.app.cli import (
    appimage,
    build,
    copy,
    evaluate,
    hash,
    image,
    instantiate,
    key,
    load,
    log,
    packages,
    prefetch,
    repl,
    run_program,
    store,
)
from imagetools.app.cli.arguments import fold_pairs, own_words
from imagetools.app.settings import SettingError, Settings, read_settings
from imagetools.app.ui.failures import exit_code, show_failure
from imagetools.kernel.errors import ImagetoolsError

_INTERRUPTED: Final = 130


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


def _application(description: str) -> typer.Typer:
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

    for module in (
        build,
        evaluate,
        repl,
        run_program,
        instantiate,
        prefetch,
        load,
        image,
        appimage,
        log,
        store,
        copy,
        key,
        hash,
        packages,
    ):
        module.register(app)
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
        result = _application(description)(words, prog_name="imagetools", standalone_mode=True)
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
