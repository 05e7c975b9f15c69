"""The line format that narinfo and nix-cache-info files share: ``Name: value``, one field a line.

Every line ends in a line feed. Which names there are and which may repeat is for the two formats to say.
"""

from ..kernel.errors import ImagetoolsError


class FieldsError(ImagetoolsError):
    """The file ``origin`` is broken in line ``line`` (from 1; 0 where no line is to blame)."""

    fault = "host"

    def __init__(self, what: str, origin: str, line: int, reason: str) -> None:
        where = f" at line {line}" if line else ""
        super().__init__(f"{what} '{origin}' is corrupt: {reason}{where}")
        self.origin = origin
        self.line = line
        self.reason = reason


def split_fields(what: str, text: str, origin: str) -> list[tuple[int, str, str]]:
    """Line number, name and value of each line. Raises FieldsError."""
    fields: list[tuple[int, str, str]] = []
    if text and not text.endswith("\n"):
        raise FieldsError(what, origin, text.count("\n") + 1, "expecting '\\n'")
    for number, line in enumerate(text.split("\n")[:-1], 1):
        name, colon, value = line.partition(":")
        if not colon:
            raise FieldsError(what, origin, number, "expecting ':'")
        fields.append((number, name, value[1:] if value.startswith(" ") else value))
    return fields
