"""The keys of a desktop entry (Desktop Entry Specification of freedesktop.org), to show them: nothing is expanded."""


def read_desktop_entry(raw: bytes) -> dict[str, str]:
    """The plain keys (no languages) of the group ``[Desktop Entry]``; what is no line of a desktop entry is passed over."""
    found: dict[str, str] = {}
    inside = False
    for line in raw.decode("utf-8", "backslashreplace").splitlines():
        text = line.strip()
        if text.startswith("["):
            inside = text == "[Desktop Entry]"
        elif inside and not text.startswith("#"):
            key, equals, value = text.partition("=")
            if equals and "[" not in key:
                found.setdefault(key.strip(), value.strip())
    return found
