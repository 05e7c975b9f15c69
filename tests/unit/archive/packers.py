"""Packers that are not installed everywhere: compress(1) (10 bits and more) and lzip(1), as small as can be."""

import lzma
import zlib


def compress(data: bytes, bits: int = 16, blocks: bool = True, clear_at: int | None = None) -> bytes:
    """What compress(1) makes of ``data``; ``clear_at`` writes a clear code once, after so many bytes."""
    out = bytearray(b"\x1f\x9d" + bytes((bits | (0x80 if blocks else 0),)))
    first = 257 if blocks else 256
    table = {bytes((code,)): code for code in range(256)}
    following = first
    width = 9
    waiting = 0
    have = 0
    group = 0

    def put(code: int) -> None:
        nonlocal waiting, have, group
        waiting |= code << have
        have += width
        group = (group + 1) % 8
        while have >= 8:
            out.append(waiting & 255)
            waiting >>= 8
            have -= 8

    def align() -> None:
        nonlocal waiting, have, group
        missing = (8 - group) % 8 * width
        have += missing
        while have >= 8:
            out.append(waiting & 255)
            waiting >>= 8
            have -= 8
        group = 0

    prefix = b""
    for index in range(len(data)):
        if clear_at == index and prefix:
            put(table[prefix])
            put(256)
            align()
            table = {bytes((code,)): code for code in range(256)}
            following, width, prefix = first, 9, b""
        longer = prefix + data[index : index + 1]
        if longer in table:
            prefix = longer
            continue
        put(table[prefix])
        if following < 1 << bits:
            table[longer] = following
            following += 1
        if following - 1 >= 1 << width and width < bits:  # the reader is one entry behind
            align()
            width += 1
        prefix = data[index : index + 1]
    if prefix:
        put(table[prefix])
    if have:
        out.append(waiting & 255)
    return bytes(out)


def lzip(data: bytes) -> bytes:
    """One member of an lzip file, its dictionary 8 MiB."""
    packed = lzma.compress(
        data,
        format=lzma.FORMAT_RAW,
        filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 23, "lc": 3, "lp": 0, "pb": 2}],
    )
    head = b"LZIP\x01" + bytes((23,))
    sums = zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(8, "little")
    return head + packed + sums + (len(head) + len(packed) + 20).to_bytes(8, "little")
