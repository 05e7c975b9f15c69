"""Amounts of bytes as people read them: one spelling for logs, tables and progress."""


def amount(count: float) -> str:
    """``512 bytes``, ``12.3 MiB``."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"
