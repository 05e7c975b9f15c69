"""``imagetools eval``: print what an expression is worth, as ``nix-instantiate --eval`` does."""

import sys
from typing import Annotated, Final

from imagetools.app.cli.arguments import (
    Arg,
    ArgStr,
    ArgumentError,
    Attributes,
    Explain,
    Expr,
    Files,
    ImportFromDerivation,
    Include,
    NoEvalCache,
    ProfileFile,
    PureEval,
    RestrictEval,
    Setting,
    ShowStats,
    ShowTrace,
    Store,
    System,
    pairs,
    settings_with,
)
from imagetools.app.cli.declare import Command, Option


def evaluate(
    files: Files = None,
    expr: Expr = False,
    attributes: Attributes = None,
    include: Include = None,
    arg: Arg = None,
    argstr: ArgStr = None,
    strict: Annotated[bool, Option("--strict", help="Evaluate everything inside lists and sets as well.")] = False,
    json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
    raw: Annotated[bool, Option("--raw", help="Print a string as it is: no quotes, no newline at the end.")] = False,
    xml: Annotated[bool, Option("--xml", help="Print XML, with places in the source.")] = False,
    no_location: Annotated[bool, Option("--no-location", help="With --xml: leave the places out.")] = False,
    parse: Annotated[bool, Option("--parse", help="Do not evaluate: print the expression as it was understood.")] = False,
    read_write: Annotated[
        bool, Option("--read-write-mode", help="Write the sources and derivations that are met into the store.")
    ] = False,
    pure_eval: PureEval = False,
    restrict_eval: RestrictEval = False,
    import_from_derivation: ImportFromDerivation = True,
    no_eval_cache: NoEvalCache = False,
    explain: Explain = False,
    option: Setting = None,
    profile: ProfileFile = None,
    show_stats: ShowStats = False,
    show_trace: ShowTrace = False,
    system: System = None,
    store: Store = None,
) -> None:
    """Evaluate expressions and print their values.

    The values look as `nix-instantiate --eval` prints them.

    Nothing is written into the store unless --read-write-mode is given, so that nothing is built either, except outputs of
    derivations that are in the store already and that the expressions read.

    Examples: imagetools eval -E '1 + 1' | imagetools eval --json -A config hello.nix
    """
    del show_trace
    if json + raw + xml > 1:
        raise ArgumentError("--json, --raw and --xml exclude each other")
    from imagetools.app.cli.expressions import parsed, values
    from imagetools.app.compose import Session
    from imagetools.app.repeated import recorded
    from imagetools.app.watch import Watch
    from imagetools.kernel.bytestr import to_bytes

    settings = settings_with(option).changed(
        store=store,
        include=include or (),
        system=system,
        pure=pure_eval,
        restricted=restrict_eval,
        import_from_derivation=import_from_derivation,
        eval_cache=not no_eval_cache,
    )
    session = Session(
        settings, read_only=not read_write, explain=explain, watch=Watch(settings.environment, profile, show_stats=show_stats)
    )

    def show_parsed() -> None:
        for text in parsed(session, files, expr):
            sys.stdout.buffer.write(to_bytes(text) + b"\n")

    texts: list[str] = []

    def work() -> list[str]:
        from imagetools.app.cli import printing

        machine = session.evaluator.machine
        for value in values(session, files, expr, attributes, pairs("--arg", arg), pairs("--argstr", argstr)):
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
    request = ("eval", files, expr, attributes, arg, argstr, strict, json, raw, xml, no_location)
    try:
        texts = recorded(session, request, work, possible=not read_write and (expr or "-" not in (files or ())))
    finally:
        for text in texts:  # also what came before something failed
            sys.stdout.buffer.write(to_bytes(text))
        sys.stdout.buffer.flush()


DECLARED: Final = Command("eval", evaluate)
