"""What the commands that evaluate take: what is evaluated, and how.

Each option is here once, with what it changes; where it stands among a command's own options is the command's business.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from imagetools.app.cli.arguments import Include, Setting, ShowTrace, Store, attribute_names, pairs, settings_with
from imagetools.app.cli.declare import Argument, Option, Options

if TYPE_CHECKING:
    from imagetools.app.compose import Session
    from imagetools.app.settings import Settings
    from imagetools.app.watch import Watch
    from imagetools.instantiate.found import Found


class Definition(Options):
    """What is evaluated: files or expressions, attributes of them, and the arguments of functions."""

    files: Annotated[
        list[str] | None,
        Argument(
            metavar="[FILE]...",
            help="Nix files or folders (default: ./default.nix; - reads standard input). With -E: expressions.",
        ),
    ] = None
    expr: Annotated[bool, Option("-E", "--expr", help="The arguments are Nix expressions, not files.")] = False
    attributes: Annotated[
        list[str] | None,
        Option(
            "-A",
            "--attr",
            metavar="PATH",
            help="Attribute to take from the expression, such as web.image. Repeatable.",
            autocompletion=attribute_names,
        ),
    ] = None
    include: Include = None
    arg: Annotated[
        list[str] | None,
        Option(
            "--arg",
            metavar="NAME EXPR",
            help="Argument for a function that the file evaluates to, as a Nix expression. Repeatable.",
        ),
    ] = None
    argstr: Annotated[
        list[str] | None, Option("--argstr", metavar="NAME TEXT", help="The same, the value being a string. Repeatable.")
    ] = None

    def request(self) -> tuple[object, ...]:
        """What of it decides the values (the search path is asked for while evaluating)."""
        return (self.files, self.expr, self.attributes, self.arg, self.argstr)

    def repeatable(self) -> bool:
        """Whether the same words can mean the same again: standard input is read once."""
        return self.expr or "-" not in (self.files or ())

    def values(self, session: "Session") -> Iterator[object]:
        """Every selected value. Raises ArgumentError, EvalError."""
        from imagetools.app.cli.expressions import values

        arg, argstr = pairs("--arg", self.arg), pairs("--argstr", self.argstr)
        return values(session, self.files, self.expr, self.attributes, arg, argstr)

    def derivations(self, session: "Session") -> "list[Found]":
        """All derivations that it means, written into the store. Raises NoDerivationError, ArgumentError, EvalError."""
        from imagetools.app.repeated import recorded
        from imagetools.instantiate.found import Found

        def work() -> list[tuple[str, str, str, dict[str, str]]]:
            found: list[Found] = []
            for value in self.values(session):
                found += session.find(value)
            session.flush()
            if not session.read_only:
                for item in found:
                    session.io.relied_on(item.drv_path)
            return [(item.name, item.drv_path, item.output, dict(session.outputs(item))) for item in found]

        request = ("derivations", *self.request())
        return [Found(*item) for item in recorded(session, request, work, possible=self.repeatable())]


class Evaluation(Options):
    """How it is evaluated: what it may do, what is remembered of it, what is said of it, and for which system and store."""

    pure_eval: Annotated[
        bool,
        Option(
            "--pure-eval",
            help="Evaluate without files, time, environment, system and search path; only what has a hash can be read.",
        ),
    ] = False
    restrict_eval: Annotated[
        bool, Option("--restrict-eval", help="Let the expressions read only what lies in entries of the search path.")
    ] = False
    import_from_derivation: Annotated[
        bool,
        Option(
            "--allow-import-from-derivation/--no-allow-import-from-derivation",
            help="Whether what is evaluated may have derivations built to read their outputs.",
        ),
    ] = True
    no_eval_cache: Annotated[
        bool,
        Option("--no-eval-cache", help="Evaluate even where the same was evaluated earlier and nothing has changed since."),
    ] = False
    explain: Annotated[
        bool, Option("--explain", help="Say whether the evaluation was answered from its record, and why not.")
    ] = False
    option: Setting = None
    profile: Annotated[
        str | None,
        Option(
            "--profile",
            metavar="FILE",
            help="Find out where the evaluation spends its time: stacks of Nix functions in FILE, a flame graph in FILE.svg.",
        ),
    ] = None
    show_stats: Annotated[
        bool,
        Option("--show-stats", help="Say how much the evaluation did, as JSON on standard error (as NIX_SHOW_STATS=1 does)."),
    ] = False
    show_trace: ShowTrace = False
    system: Annotated[
        str | None, Option("--system", metavar="SYSTEM", help="What builtins.currentSystem says, such as x86_64-linux.")
    ] = None
    store: Store = None

    def settings(self, include: Sequence[str] | None) -> "Settings":
        """The settings of this process with all this, and with entries for the search path."""
        return settings_with(self.option).changed(
            store=self.store,
            include=include or (),
            system=self.system,
            pure=self.pure_eval,
            restricted=self.restrict_eval,
            import_from_derivation=self.import_from_derivation,
            eval_cache=not self.no_eval_cache,
        )

    def watch(self, settings: "Settings") -> "Watch":
        """What is to be seen of the evaluation."""
        from imagetools.app.watch import Watch

        return Watch(settings.environment, self.profile, show_stats=self.show_stats)
