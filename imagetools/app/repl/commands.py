"""What each input of an interactive session does: an expression is shown, bindings are remembered, ``:x`` is a command.

It writes to the stream that it is given and lets every error out; whoever reads the input decides what becomes of it.
"""

import shutil
import sys
from collections.abc import Callable, Mapping
from typing import Final, TextIO

from imagetools.app.repl.interrupt import interruptible
from imagetools.app.repl.scope import Scope
from imagetools.app.repl.show import place, show
from imagetools.kernel.bytestr import display
from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.values.model import Attrs, Builtin, Lambda, PartialBuiltin, describe

HELP: Final = """\
EXPR             evaluate and show; nested sets and lists as { ... } and [ ... ]
NAME = EXPR      bind a variable; several bindings may stand in one input, also inherit (EXPR) NAME ...;
:a, :add EXPR    make variables of all attributes of a set
:b, :build EXPR  build a derivation, and print where its outputs are
:doc NAME        show the documentation of a builtin
:l, :load FILE   load a file (or <name>) and make variables of its attributes
:p, :print EXPR  evaluate and show everything
:q, :quit        leave (Ctrl-D does too)
:r, :reload      forget all variables, and load all files again
:t, :type EXPR   tell what kind of value it is
:?, :help        show this
An input goes on over several lines until it is whole. Tab completes, Ctrl-C stops an evaluation."""

LONG: Final[Mapping[str, str]] = {
    ":add": ":a",
    ":build": ":b",
    ":load": ":l",
    ":print": ":p",
    ":quit": ":q",
    ":reload": ":r",
    ":type": ":t",
    ":help": ":?",
}
WITH_EXPRESSION: Final = (":a", ":b", ":p", ":t", ":doc")
COMMANDS: Final = (":?", ":a", ":b", ":doc", ":l", ":p", ":q", ":r", ":t", *LONG)


class Leave(Exception):
    """``:q``."""


class CommandError(ImagetoolsError):
    """A command that does not exist, or that lacks its argument."""


def split(text: str) -> tuple[str, str]:
    """The command (its short name, "" for none) and the rest of the input."""
    stripped = text.lstrip()
    if not stripped.startswith(":"):
        return "", text
    word, _, rest = stripped.partition(" ") if "\n" not in stripped.split(" ", 1)[0] else stripped.partition("\n")
    word = word.strip()
    return LONG.get(word, word), rest.strip()


class Commands:
    """Runs inputs in ``scope``; ``build`` builds a value and gives the lines to print; ``out`` gets what is shown."""

    def __init__(self, scope: Scope, build: Callable[[object], list[str]], out: TextIO) -> None:
        self.scope = scope
        self._build = build
        self._out = out

    def is_whole(self, text: str) -> bool:
        """Whether an input is complete, so that it can be run."""
        command, rest = split(text)
        if command and command not in WITH_EXPRESSION:
            return True
        return not rest.strip() or self.scope.is_whole(rest)

    def run(self, text: str) -> None:
        """Do what an input says. Raises Leave, ImagetoolsError, KeyboardInterrupt."""
        command, rest = split(text)
        if command:
            self._command(command, rest)
        elif all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()):
            return
        elif self.scope.is_binding(text):
            interruptible(lambda: self.scope.bind(text))
        else:
            self._say(self._shown(text, deep=False))

    def load(self, name: str) -> None:
        """``:l NAME``."""
        self._say(_added(interruptible(lambda: self.scope.load(name))))

    def _command(self, command: str, rest: str) -> None:
        plain: Mapping[str, Callable[[], None]] = {":?": self._help, ":q": _leave, ":r": self._reload}
        if command in plain:
            plain[command]()
            return
        with_argument: Mapping[str, tuple[Callable[[str], None], str]] = {
            ":l": (self.load, "FILE"),
            ":a": (self._add, "EXPR"),
            ":t": (self._type, "EXPR"),
            ":b": (self._make, "EXPR"),
            ":p": (self._print, "EXPR"),
            ":doc": (self._doc, "NAME"),
        }
        found = with_argument.get(command)
        if found is None:
            raise CommandError(f"unknown command '{command}'", hint=":? shows all commands")
        action, argument = found
        if not rest:
            raise CommandError(f"{command} needs an argument", hint=f"such as: {command} {argument}")
        action(rest)

    def _help(self) -> None:
        self._say(HELP)

    def _reload(self) -> None:
        self._say(_added(interruptible(self.scope.reload)))

    def _add(self, text: str) -> None:
        self._say(_added(interruptible(lambda: len(self.scope.add(self.scope.evaluate(text))))))

    def _type(self, text: str) -> None:
        self._say(interruptible(lambda: describe(self.scope.evaluate(text))))

    def _print(self, text: str) -> None:
        self._say(self._shown(text, deep=True))

    def _shown(self, text: str, *, deep: bool) -> str:
        width = shutil.get_terminal_size().columns if self._out.isatty() else 80

        def work() -> str:
            value = self.scope.evaluate(text)
            return show(self.scope.session.evaluator.machine, value, deep=deep, width=width)

        return display(interruptible(work))

    def _make(self, text: str) -> None:
        value = interruptible(lambda: self.scope.evaluate(text))
        for line in self._build(value):
            self._say(line)

    def _doc(self, text: str) -> None:
        from imagetools.app.repl.documentation import documented

        value = interruptible(lambda: self.scope.evaluate(text))
        if isinstance(value, PartialBuiltin):
            value = value.builtin
        if isinstance(value, Builtin):
            found = documented(value.name)
            self._say(found.lines() if found else f"builtins.{value.name} has no documentation")
        elif isinstance(value, Lambda):
            self._say(f"a function, written at {display(place(value))}{_arguments(value)}")
        elif isinstance(value, Attrs) and "__functor" in value.d:
            self._say("a set that can be called (it has __functor)")
        else:
            raise CommandError(f"{describe(value)} has no documentation", hint="only builtin functions have, such as: :doc map")

    def _say(self, text: str) -> None:
        self._out.write(text + "\n")
        self._out.flush()


def _added(count: int) -> str:
    return f"added {count} variable{'' if count == 1 else 's'}"


def _arguments(function: Lambda) -> str:
    formals = function.code.formals
    if formals is None:
        return f"; its argument is {display(function.code.arg or '_')}"
    names = [formal.name + (" (optional)" if formal.has_default else "") for formal in formals]
    return "; its arguments are " + display(", ".join([*names, *(["..."] if function.code.ellipsis else [])]))


def _leave() -> None:
    raise Leave


def standard_out() -> TextIO:
    """Standard output, which may hold texts that the locale cannot show."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    return sys.stdout
