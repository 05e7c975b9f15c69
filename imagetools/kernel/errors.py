"""The one root of all errors that imagetools raises on purpose.

It knows what every reader of an error needs: the sentence, what to do next, and the exit code. Everything more specific lives
beside the code that raises it, as a subclass that carries fields; the sentence is written there, once. A person never sees a
traceback for one of these unless they ask for it with ``--debug``.
"""

from typing import ClassVar


class ImagetoolsError(Exception):
    """An error with a sentence for people.

    ``message`` says what is wrong, ``hint`` (optional) what to do next. ``exit_code`` is what the process ends with (Nix's
    numbers: 1 in general, 100 build failure, 101 timeout, 102 hash mismatch, 104 not deterministic). ``fault`` says whose it is,
    ``retryable`` whether trying again may help.
    """

    exit_code: ClassVar[int] = 1
    fault: ClassVar[str] = "user"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class NotYetError(ImagetoolsError):
    """Something that Nix has and imagetools does not have yet; the message names it."""

    def __init__(self, feature: str, hint: str | None = None) -> None:
        super().__init__(f"{feature} is not supported yet by imagetools", hint)
        self.feature = feature
