"""Whether a text begins with a time as diff programs write it behind a file's name."""

import re

# a number takes two digits where there are two
_CLOCK = rb"(?>[01]\d|2[0-3]|\d(?!\d)):\s*(?>[0-5]\d|\d(?!\d)):\s*(?>[0-5]\d|6[01]|\d(?!\d))"
_DAY = rb"(?>0[1-9]|[12]\d|3[01]|[1-9](?!\d))"
_MONTH = (
    rb"(january|february|march|april|may|june|july|august|september|october|november|december"
    rb"|jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec)"
)
_WEEKDAY = rb"(sunday|monday|tuesday|wednesday|thursday|friday|saturday|sun|mon|tue|wed|thu|fri|sat)"
_TIMES = [
    re.compile(form, re.IGNORECASE)
    for form in (
        rb"\d{1,4}-\s*(?>0[1-9]|1[0-2]|[1-9](?!\d))-\s*" + _DAY + rb"\s*" + _CLOCK,
        _WEEKDAY + rb"\s*" + _MONTH + rb"\s*" + _DAY + rb"\s*" + _CLOCK + rb"\s*\d",
        _MONTH + rb"\s*\d{1,4}\s+" + _CLOCK,
    )
]


def begins_with_time(text: bytes) -> bool:
    """``2024-01-31 10:00:00``, ``Wed Jan 31 10:00:00 2024`` or ``Jan 31 10:00:00``. A date alone is not enough."""
    return any(form.match(text) for form in _TIMES)
