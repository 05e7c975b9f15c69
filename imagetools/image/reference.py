"""Names of images, ``[host[:port]/]path[/path…]:tag``, with the rules by which Docker refuses them.

A value that exists is one that ``docker load`` takes as it stands. Nothing shortens or completes a name unasked ("hello" stays
"hello", where Docker also says docker.io/library/hello). The grammar is that of the distribution project's reference package;
builders/docker_tools/names.nix holds the same one, so that a wrong name fails while the definition is evaluated.
"""

import re
from dataclasses import dataclass
from typing import Final

from ..kernel.errors import ImagetoolsError

LONGEST_NAME: Final = 255
_HUB: Final = "docker.io"

_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST_PART: Final = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST: Final = rf"{_HOST_PART}(?:\.{_HOST_PART})*(?::[0-9]+)?"
_NAME: Final = re.compile(rf"(?:{_HOST}/)?{_COMPONENT}(?:/{_COMPONENT})*")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_LOOKS_LIKE_AN_ID: Final = re.compile(r"[a-f0-9]{64}")


class ImageNameError(ImagetoolsError):
    """``text`` is no image name or tag that Docker takes; the sentence says why."""

    def __init__(self, what: str, text: str, reason: str, hint: str | None = None) -> None:
        super().__init__(
            f"'{text}' cannot be the {what} of an image: {reason}" if text else f"the {what} of an image is missing", hint
        )
        self.what = what
        self.text = text
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Reference:
    """``name`` (with its registry, where it has one) and ``tag``; ``str()`` gives ``name:tag``."""

    name: str
    tag: str

    def __post_init__(self) -> None:
        check_name(self.name)
        check_tag(self.tag)

    @staticmethod
    def parse(text: str) -> "Reference":
        """``name:tag``; a colon before the last slash belongs to a port. Raises ImageNameError (a missing tag too)."""
        name, colon, tag = text.rpartition(":")
        if not colon or "/" in tag:
            raise ImageNameError("tag", "", "it is missing")
        return Reference(name, tag)

    @staticmethod
    def with_tag(text: str) -> str:
        """``name:latest`` for a name without a tag."""
        return text if ":" in text.rpartition("/")[2] else f"{text}:latest"

    def __str__(self) -> str:
        return f"{self.name}:{self.tag}"

    @property
    def full(self) -> str:
        """With what Docker adds to a short name: ``docker.io/library/hello:latest`` for ``hello:latest``."""
        host, slash, _ = self.name.partition("/")
        if not slash:
            return f"{_HUB}/library/{self}"
        return str(self) if "." in host or ":" in host or host == "localhost" or host.lower() != host else f"{_HUB}/{self}"

    @staticmethod
    def familiar(text: str) -> str:
        """The shortest name for a full one; anything else as it is."""
        for start in (f"{_HUB}/library/", f"{_HUB}/"):
            if text.startswith(start) and ("/" in start[len(_HUB) + 1 :] or "/" in text[len(start) :]):
                return text[len(start) :]
        return text


def check_name(name: str) -> None:
    """Raise ImageNameError unless Docker takes ``name`` as a repository."""
    if _NAME.fullmatch(name) is not None and len(name) <= LONGEST_NAME:
        if _LOOKS_LIKE_AN_ID.fullmatch(name):
            raise ImageNameError("name", name, "64 hexadecimal digits are taken for an image ID")
        return
    if not name:
        raise ImageNameError("name", name, "it is missing")
    if len(name) > LONGEST_NAME:
        raise ImageNameError("name", name, f"it has {len(name)} characters, at most {LONGEST_NAME} are allowed")
    if name.lower() != name and _NAME.fullmatch(name.lower()):
        raise ImageNameError("name", name, "it must be lower case")
    if "@" in name:
        raise ImageNameError("name", name, "a digest does not belong into it")
    if ":" in name.rpartition("/")[2]:
        raise ImageNameError("name", name, "a tag does not belong into it", "give the tag by the argument 'tag'")
    raise ImageNameError(
        "name", name, "its parts, split by '/', are lower-case letters and digits, joined by '.', '_', '__' or dashes"
    )


def check_tag(tag: str) -> None:
    """Raise ImageNameError unless Docker takes ``tag``: up to 128 of ``A-Z a-z 0-9 _ . -``, not starting with ``.`` or ``-``."""
    if _TAG.fullmatch(tag) is not None:
        return
    if len(tag) > 128:
        raise ImageNameError("tag", tag, f"it has {len(tag)} characters, at most 128 are allowed")
    raise ImageNameError("tag", tag, "letters, digits, '_', '.' and '-' are allowed, and no '.' or '-' in front")
