"""Names of members in messages: bytes of anybody's choosing, made fit to be printed."""


def shown(name: bytes) -> str:
    """The name as text; what cannot be printed becomes escapes."""
    text = name.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
