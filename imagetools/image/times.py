"""Times in images: RFC 3339 texts in, canonical UTC texts and whole seconds out. Never asks the clock."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ..kernel.errors import ImagetoolsError

_FORM: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?")


class TimeFormatError(ImagetoolsError):
    """``text``, the value of the argument ``argument``, is no time."""

    def __init__(self, argument: str, text: str) -> None:
        super().__init__(
            f"'{text}' is no time for the argument '{argument}'",
            'write it like "2024-05-31T12:00:00Z", or "now" for the time of the build',
        )
        self.argument = argument
        self.text = text


@dataclass(frozen=True, slots=True)
class Moment:
    """``seconds`` since 1970 (UTC)."""

    seconds: int

    @staticmethod
    def parse(text: str, argument: str) -> "Moment":
        """A date, or a date and time; without a zone it is UTC. Raises TimeFormatError (before 1970 too: tar cannot say that)."""
        if _FORM.fullmatch(text) is None:
            raise TimeFormatError(argument, text)
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            raise TimeFormatError(argument, text) from None
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        seconds = int(aware.timestamp())
        if seconds < 0:
            raise TimeFormatError(argument, text)
        return Moment(seconds)

    def __str__(self) -> str:
        return datetime.fromtimestamp(self.seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
