"""The declared commands as typer's: for help, completion, and every command line that ``quick`` does not understand.

typer only reads the command line: a command runs when it has been read, in the same way whoever has read it.
"""

from collections.abc import Callable, Iterable
from inspect import Parameter as Signed
from inspect import Signature, getdoc
from typing import Annotated, Any

import typer

from imagetools.app.cli.declare import Argument, Call, Command, Complete, Group, Parameter, parameters

Found = Callable[[Call], object]


def parse(words: list[str], declared: Iterable[Command | Group], description: str) -> Call:
    """What typer makes of ``words``. Raises SystemExit where it has answered them itself: help, a mistake, a completion."""
    found: list[Call] = []
    try:
        application(declared, description, found.append)(words, prog_name="imagetools", standalone_mode=True)
    except SystemExit:
        if not found:
            raise
    return found[0]


def application(declared: Iterable[Command | Group], description: str, found: Found) -> typer.Typer:
    """typer's application; ``found`` hears what would be called."""
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

    for item in declared:
        if isinstance(item, Command):
            _add(app, item, found)
            continue
        group = typer.Typer(no_args_is_help=True)
        group.callback(help=item.about)(_nothing)
        app.add_typer(group, name=item.name)
        for member in item.members:
            _add(group, member, found)
    return app


def _nothing() -> None:
    """What a group itself does."""


def _version(ctx: typer.Context, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:  # a shell that completes only wants to know what could come next
        from imagetools.app.version import version_text

        typer.echo(version_text())
        raise typer.Exit


def _add(app: typer.Typer, command: Command, found: Found) -> None:
    def call(**values: object) -> None:
        found(Call(command.function, values))

    signed: Any = call
    signed.__signature__ = Signature([_signed(parameter) for parameter in parameters(command.function)])
    settings = {"allow_interspersed_args": False} if command.passes_on else None
    app.command(name=command.name, help=command.about or getdoc(command.function), context_settings=settings)(call)


def _signed(parameter: Parameter) -> Signed:
    default = Signed.empty if parameter.required else parameter.default
    annotation: object = Annotated[parameter.type, _typed(parameter)]
    return Signed(parameter.name, Signed.KEYWORD_ONLY, default=default, annotation=annotation)


def _typed(parameter: Parameter) -> object:
    declared = parameter.declared
    if isinstance(declared, Argument):
        return typer.Argument(metavar=declared.metavar, help=declared.help, show_default=declared.show_default)
    return typer.Option(
        *declared.names,
        metavar=declared.metavar,
        help=declared.help,
        min=declared.min,
        max=declared.max,
        autocompletion=_completing(declared.autocompletion) if declared.autocompletion is not None else None,
    )


def _completing(complete: Complete) -> Callable[[typer.Context, str], list[str]]:
    def suggestions(ctx: typer.Context, incomplete: str) -> list[str]:
        return complete(ctx.params, ctx.args, incomplete)

    return suggestions
