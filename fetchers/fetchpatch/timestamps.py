"""Whether a text begins with a time as diff programs write it behind a file's name."""

import re

_CLOCK = rb"([01]?\d|2[0-3])\s*:\s*[0-5]?\d\s*:\s*([0-5]?\d|6[01])"
_ISO = re.compile(rb"\d{1,4}-(0?[1-9]|1[0-2])-(0?[1-9]|[12]\d|3[01])\s+" + _CLOCK)


def begins_with_time(text: bytes) -> bool:
    """Date and time of day: ``2001-01-31 10:00:00``. A date alone is not enough."""
    return _ISO.match(text) is not None
