"""ELF files that no compiler made: a header, sections with names, and whatever is to come behind them."""

import struct


def elf(
    machine: int = 62, wide: bool = True, order: str = "<", magic: bytes = b"AI\2", sections: dict[str, bytes] | None = None
) -> bytes:
    """The section headers come last, as ``ld`` puts them."""
    head_size, entry = (64, 64) if wide else (52, 40)
    texts = {"": b"", **(sections or {}), ".shstrtab": b""}
    names = b""
    places = {}
    for name in texts:
        places[name] = len(names)
        names += name.encode() + b"\0"
    texts[".shstrtab"] = names
    body = b""
    rows = []
    for name, text in texts.items():
        kind = 0 if name == "" else 1
        offset = head_size + len(body) if kind else 0
        fields = (places[name], kind, 0, 0, offset, len(text), 0, 0, 1, 0)
        rows.append(struct.pack(order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII"), *fields))
        body += text
    table = head_size + len(body)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1, 0]) + magic.ljust(8, b"\0")[:8]
    numbers = struct.pack(order + "HHI", 2, machine, 1)
    addresses = struct.pack(order + ("QQQ" if wide else "III"), 0, 0, table)
    sizes = struct.pack(order + "IHHHHHH", 0, head_size, 0, 0, entry, len(rows), len(rows) - 1)
    return ident + numbers + addresses + sizes + body + b"".join(rows)
