"""A part of a file, as a value: where bytes lie that need not be written down again. Reads nothing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileRange:
    """Where a member's bytes lie: in the file at ``path``, whose whole is compressed as ``compression`` says ("none", "gzip" …);
    ``offset`` counts in what it holds."""

    path: str
    compression: str
    offset: int
    size: int
