"""``imagetools eval``: print what an expression is worth, as ``nix-instantiate --eval`` does."""

import sys
from typing import Annotated, Final

from imagetools.app.cli.arguments import ArgumentError
from imagetools.app.cli.declare import Command, Option
from imagetools.app.cli.evaluation import Definition, Evaluation


def evaluate(
    definition: Definition,
    *,
    strict: Annotated[bool, Option("--strict", help="Evaluate everything inside lists and sets as well.")] = False,
    json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
    raw: Annotated[bool, Option("--raw", help="Print a string as it is: no quotes, no newline at the end.")] = False,
    xml: Annotated[bool, Option("--xml", help="Print XML, with places in the source.")] = False,
    no_location: Annotated[bool, Option("--no-location", help="With --xml: leave the places out.")] = False,
    parse: Annotated[bool, Option("--parse", help="Do not evaluate: print the expression as it was understood.")] = False,
    read_write: Annotated[
        bool, Option("--read-write-mode", help="Write the sources and derivations that are met into the store.")
    ] = False,
    evaluation: Evaluation,
) -> None:
    """Evaluate expressions and print their values.

    The values look as `nix-instantiate --eval` prints them.

    Nothing is written into the store unless --read-write-mode is given, so that nothing is built either, except outputs of
    derivations that are in the store already and that the expressions read.

    Examples: imagetools eval -E '1 + 1' | imagetools eval --json -A config hello.nix
    """
    if json + raw + xml > 1:
        raise ArgumentError("--json, --raw and --xml exclude each other")
    from imagetools.app.compose import Session
    from imagetools.app.repeated import recorded
    from imagetools.kernel.bytestr import to_bytes

    settings = evaluation.settings(definition.include)
    session = Session(settings, read_only=not read_write, explain=evaluation.explain, watch=evaluation.watch(settings))

    def show_parsed() -> None:
        from imagetools.app.cli.expressions import parsed

        for text in parsed(session, definition.files, definition.expr):
            sys.stdout.buffer.write(to_bytes(text) + b"\n")

    texts: list[str] = []

    def work() -> list[str]:
        from imagetools.app.cli import printing

        machine = session.evaluator.machine
        for value in definition.values(session):
            if raw:
                text = printing.raw(machine, value)
            elif json:
                text = printing.as_json(machine, value)
            elif xml:
                text = printing.as_xml(machine, value, strict=strict, location=not no_location)
            else:
                text = printing.plain(machine, value, strict=strict)
            texts.append(text)
        session.flush()
        return texts

    if parse:
        session.run(show_parsed)
        return
    request = ("eval", *definition.request(), strict, json, raw, xml, no_location)
    try:
        texts = recorded(session, request, work, possible=not read_write and definition.repeatable())
    finally:
        for text in texts:  # also what came before something failed
            sys.stdout.buffer.write(to_bytes(text))
        sys.stdout.buffer.flush()


DECLARED: Final = Command("eval", evaluate)
