"""``imagetools repl``: the language, interactively."""

import sys
from typing import TYPE_CHECKING, Annotated, Final

from imagetools.app.cli.arguments import Include
from imagetools.app.cli.building import Cores, Jobs, KeepFailed, Unrecorded
from imagetools.app.cli.declare import Argument, Command, Option

if TYPE_CHECKING:
    from imagetools.app.compose import Session
    from imagetools.kernel.errors import ImagetoolsError


def repl(
    files: Annotated[list[str] | None, Argument(metavar="[FILE]...", help="Files to load, as :l does.")] = None,
    *,
    include: Include = None,
    no_sandbox: Annotated[bool, Option("--no-sandbox", help="Build (:b) without isolation.")] = False,
    jobs: Jobs = None,
    cores: Cores = None,
    keep_failed: KeepFailed = False,
    evaluation: Unrecorded,
) -> int:
    """Evaluate interactively.

    Type an expression to see its value, NAME = EXPR to bind a variable, :? for the commands. An input that is not whole goes
    on in the next line. Tab completes variables, attributes and files; Ctrl-C stops an evaluation, Ctrl-D leaves. What was
    typed before is kept in repl-history in the cache folder.

    Where standard input is no terminal, inputs are read from it without prompts; the exit code is then 1 if any failed.

    Examples: imagetools repl '<nixpkgs>' | echo 'builtins.length [ 1 2 ]' | imagetools repl
    """
    from imagetools.app.compose import Session
    from imagetools.app.repl.commands import Commands, standard_out
    from imagetools.app.repl.loops import attempt, read_lines, read_terminal
    from imagetools.app.repl.scope import Scope
    from imagetools.app.ui.failures import show_failure

    settings = evaluation.settings(include).changed(
        sandbox=False if no_sandbox else None,
        cores=cores,
        max_jobs=jobs,
        keep_failed=keep_failed,
    )
    opened = Session(settings)

    def renew() -> Session:
        fresh = Session(settings)
        fresh.store = opened.store
        return fresh

    def show_error(error: "ImagetoolsError") -> None:
        show_failure(error, settings, show_trace=evaluation.show_trace)

    scope = Scope(opened, renew)
    commands = Commands(scope, lambda value: _build(scope.session, value), standard_out())
    well = True
    for file in files or ():
        well &= attempt(commands, f":l {file}", show_error)
    if sys.stdin.isatty() and sys.stdout.isatty():
        read_terminal(commands, settings.cache, show_error)
        return 0
    return int(not (read_lines(commands, sys.stdin, show_error) and well))


def _build(session: "Session", value: object) -> list[str]:
    """Build what a value means; where each output is."""
    from imagetools.app.repl.interrupt import interruptible
    from imagetools.app.results import Result

    def instantiate() -> list[Result]:
        found = session.find(value)
        session.flush()
        return [session.result(item) for item in found]

    results = interruptible(instantiate)
    session.realise(results)
    return [f"{result.output} -> {session.store.real_path(result.path)}" for result in results]


DECLARED: Final = Command("repl", repl)
