"""The lines of source around an error, with a caret, in Nix's layout; used by syntax and evaluation errors alike.

Pure: it is given the source. It does not read files and does not know what the error says.
"""

from typing import Final

INDENT: Final = "       "  # the width of "error: "


def excerpt(source: bytes, line: int, column: int) -> tuple[str, ...]:
    """The line before, the line with a caret beneath its byte ``column``, and the line after, each with its number.

    ``line`` and ``column`` count from 1; a column of 0 gives no caret, a line that does not exist gives nothing. The caret
    stands under the character, also where characters before it take several bytes. Secrets in URLs are shown as stars.

    >>> print(*excerpt(b"let\\n  x = ;\\nin x", 2, 7), sep="\\n")
         1| let
         2|   x = ;
          |       ^
         3| in x
    """
    from imagetools.net.redact import mask  # noqa: PLC0415 (needed by errors only)

    lines = source.split(b"\0", 1)[0].splitlines()
    if source[-1:] in (b"\n", b"\r", b""):
        lines.append(b"")
    if not 1 <= line <= len(lines):
        return ()
    shown = []
    for number in range(max(line - 1, 1), min(line + 1, len(lines)) + 1):
        text = lines[number - 1]
        shown.append(f" {number:5d}| {mask(_readable(text))}".rstrip())
        if number == line and column > 0:
            shown.append(
                "      | " + " " * len(_readable(text[: column - 1]).ljust(column - 1 if column > len(text) + 1 else 0)) + "^"
            )
    return tuple(shown)


def located(origin: str, source: bytes, line: int, column: int) -> str:
    """The position and the excerpt as they stand below the sentence of an error: ``at FILE:LINE:COLUMN:``, then the lines."""
    head = f"{INDENT}at {origin}:{line}:{column}:"
    return "\n".join([head, *(INDENT + text for text in excerpt(source, line, column))])


def _readable(text: bytes) -> str:
    return text.decode("utf-8", "replace")
