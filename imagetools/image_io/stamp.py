"""Who owns the members of a layer, and when they were made: as fields of a tar header, put together once for many members."""

from typing import Final

USTAR: Final = b"ustar\x0000"
GNU: Final = b"ustar  \0"
OCTAL_SIZE: Final = 8**11
OCTAL_ID: Final = 8**7


class Stamp:
    """Owner (numbers and names) and time (seconds since 1970). ``text`` says all of it: equal texts, equal bytes."""

    def __init__(self, mtime: int = 1, uid: int = 0, gid: int = 0, uname: str = "root", gname: str = "root") -> None:
        self.mtime: Final = mtime
        self.uid: Final = uid
        self.gid: Final = gid
        self.owner: Final = number(uid, 8) + number(gid, 8)
        self.time: Final = number(mtime, 12)
        self.names: Final = uname.encode()[:31].ljust(32, b"\0") + gname.encode()[:31].ljust(32, b"\0")
        self.magic: Final = USTAR if max(uid, gid) < OCTAL_ID and mtime < OCTAL_SIZE else GNU
        self.text: Final = f"{uid} {gid} {uname} {gname} {mtime}"


def number(value: int, width: int) -> bytes:
    """Octal text where it fits, else base 256 with the first bit set (GNU's)."""
    digits = width - 1
    if value < 8**digits:
        return b"%0*o\0" % (digits, value)
    return b"\x80" + value.to_bytes(digits, "big")
