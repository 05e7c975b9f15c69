"""What a 401 says about how to come in: the ``WWW-Authenticate`` header (RFC 9110 §11.6.1). Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

_SCHEME: Final = re.compile(r"[\s,]*([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?=[\s,]|$)")
_PARAMETER: Final = re.compile(r"[\s,]*([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s,\"]+))")


@dataclass(frozen=True, slots=True)
class Challenge:
    """``scheme`` in lower case (``bearer``, ``basic``), names of ``parameters`` too."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def read_challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """All that the headers of an answer offer, in order; what cannot be read is left out."""
    found: list[Challenge] = []
    for text in headers:
        at = 0
        parameters: dict[str, str] | None = None
        while at < len(text):
            if parameters is not None and (match := _PARAMETER.match(text, at)) is not None:
                quoted = match[2]
                parameters[match[1].lower()] = match[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            elif (match := _SCHEME.match(text, at)) is not None:
                parameters = {}
                found.append(Challenge(match[1].lower(), parameters))
            else:
                break
            at = match.end()
    return tuple(found)
