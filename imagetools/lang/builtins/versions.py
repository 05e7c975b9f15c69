"""Names and versions of packages, compared as ``nix-env -u`` does.

Nix quirks: "pre" is less than everything, even than nothing; a number too great for 32 bits is compared as text; a name
ends at the first dash that no ASCII letter follows.
"""

import re
from typing import Final, cast

from imagetools.lang.builtins.spec import BuiltinSpec, builtin
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.values.model import Attrs

COMPONENT: Final = re.compile("[0-9]+|[^0-9.\\-]+")
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
GREATEST: Final = 2147483647


def components(version: str) -> list[str]:
    """The runs of digits and of other characters; dots and dashes only separate."""
    return COMPONENT.findall(version)


def number(component: str) -> int:
    """The value of a number that fits 32 bits, -1 for everything else."""
    if component == "" or component[0] not in "0123456789":
        return -1
    digits = component.lstrip("0")
    if len(digits) > 10:
        return -1
    value = int(digits or "0")
    return value if value <= GREATEST else -1


def less(a: str, b: str) -> bool:
    """Whether component ``a`` comes before ``b``; "" stands for none."""
    x = number(a)
    y = number(b)
    if x >= 0 and y >= 0:
        return x < y
    if (a == "" and y >= 0) or (a == "pre" and b != "pre"):
        return True
    if b == "pre":
        return False
    if y >= 0:
        return True
    if x >= 0:
        return False
    return a < b


def compare(version1: str, version2: str) -> int:
    """-1, 0 or 1."""
    left = components(version1)
    right = components(version2)
    for i in range(max(len(left), len(right))):
        a = left[i] if i < len(left) else ""
        b = right[i] if i < len(right) else ""
        if less(a, b):
            return -1
        if less(b, a):
            return 1
    return 0


def compare_versions(m: Machine, s1: object, s2: object) -> object:
    """-1 if version ``s1`` is older than ``s2``, 0 if they are the same, 1 if it is newer.

    Example: ``builtins.compareVersions "2.3pre1" "2.3"`` is -1. Row 5.065.
    """
    version1 = m.string(s1, "while evaluating the first argument passed to builtins.compareVersions")
    version2 = m.string(s2, "while evaluating the second argument passed to builtins.compareVersions")
    return compare(version1, version2)


def split_version(m: Machine, s: object) -> object:
    """The components of a version. Example: ``builtins.splitVersion "1.2a-3"`` is ``[ "1" "2" "a" "3" ]``. Row 5.118."""
    return cast(list[object], components(m.string(s, "while evaluating the first argument passed to builtins.splitVersion")))


def parse_drv_name(m: Machine, s: object) -> object:
    """``{ name, version }`` of a package name: cut at the first dash that no letter follows.

    Example: ``builtins.parseDrvName "nix-0.12pre12876"`` is ``{ name = "nix"; version = "0.12pre12876"; }``. Row 5.107.
    """
    text = m.string(s, "while evaluating the first argument passed to builtins.parseDrvName")
    at = text.find("-")
    while 0 <= at < len(text) - 1:
        if text[at + 1] not in LETTERS:
            return Attrs({"name": text[:at], "version": text[at + 1 :]})
        at = text.find("-", at + 1)
    return Attrs({"name": text, "version": ""})


BUILTINS: Final[tuple[BuiltinSpec, ...]] = (
    builtin("compareVersions", compare_versions, "s1", "s2"),
    builtin("splitVersion", split_version, "s"),
    builtin("parseDrvName", parse_drv_name, "s"),
)
