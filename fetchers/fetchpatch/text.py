"""Bytes of a patch as lines. Only a line feed ends one: carriage returns and form feeds are content."""


def split_lines(data: bytes) -> list[bytes]:
    """The lines with their line feeds; the last may lack its own."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    last = lines.pop()[:-1]
    if last:
        lines.append(last)
    return lines


def until_nul(line: bytes) -> bytes:
    """A line of a header as it is written: up to its first NUL byte, which takes the line feed with it."""
    end = line.find(b"\0")
    return line if end < 0 else line[:end]
