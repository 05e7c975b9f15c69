"""The two ways to read inputs: lines from a pipe or file, and a terminal with history, editing and completion.

Both run every input, show every error and go on. prompt_toolkit is imported only where there is a terminal.
"""

import os
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TextIO

from imagetools.app.repl.commands import Commands, Leave
from imagetools.app.repl.complete import completions, file_start
from imagetools.kernel.errors import ImagetoolsError

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import CompleteEvent, Completion
    from prompt_toolkit.document import Document
    from prompt_toolkit.history import History
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

PROMPT: Final = "imagetools> "
ShowError = Callable[[ImagetoolsError], object]


def attempt(commands: Commands, text: str, show_error: ShowError) -> bool:
    """Run one input; whether it went well. Raises Leave."""
    try:
        commands.run(text)
    except ImagetoolsError as error:
        show_error(error)
        return False
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        return False
    return True


def read_lines(commands: Commands, lines: TextIO, show_error: ShowError) -> bool:
    """Run inputs that come as lines, to the end or ``:q``; whether all went well."""
    well = True
    text = ""
    try:
        for line in lines:
            text += line
            if commands.is_whole(text):
                whole, text = text, ""
                well &= attempt(commands, whole.rstrip("\n"), show_error)
        if text:
            well &= attempt(commands, text, show_error)
    except Leave:
        pass
    return well


def read_terminal(commands: Commands, cache: str, show_error: ShowError) -> None:
    """Talk with a person until they leave. ``cache`` is the folder of the history."""
    session = _prompt_session(commands, cache)
    while True:
        try:
            text = session.prompt()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        try:
            attempt(commands, text, show_error)
        except Leave:
            return


def _prompt_session(commands: Commands, cache: str) -> "PromptSession[str]":
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer, Completion, PathCompleter
    from prompt_toolkit.document import Document

    class Names(Completer):
        def get_completions(self, document: "Document", complete_event: "CompleteEvent") -> "Iterable[Completion]":
            name = file_start(document.text_before_cursor)
            if name is not None:
                yield from PathCompleter(expanduser=True).get_completions(Document(name, len(name)), complete_event)
                return
            start, words = completions(commands.scope, document.text_before_cursor)
            for word in words:
                yield Completion(word, -len(start))

    return PromptSession(
        PROMPT,
        multiline=True,
        prompt_continuation=" " * len(PROMPT),
        history=_history(cache),
        completer=Names(),
        complete_while_typing=False,
        key_bindings=_keys(commands),
    )


def _history(cache: str) -> "History":
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    name = os.path.join(cache, "repl-history")
    try:
        os.makedirs(cache, exist_ok=True)
        with open(name, "ab"):
            pass
    except OSError:
        return InMemoryHistory()
    return FileHistory(name)


def _keys(commands: Commands) -> "KeyBindings":
    """Enter runs an input that is whole, and begins a new line in one that is not."""
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()

    @keys.add("enter")
    def enter(event: "KeyPressEvent") -> None:
        buffer = event.current_buffer
        if buffer.complete_state is not None and buffer.complete_state.current_completion is not None:
            buffer.complete_state = None
        elif commands.is_whole(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.newline()

    return keys
