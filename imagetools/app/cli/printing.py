"""Values as ``imagetools eval`` prints them, which is as ``nix-instantiate --eval`` does."""

from imagetools.lang.builtins import xml_writer
from imagetools.lang.runtime import coerce, json, printer
from imagetools.lang.runtime.machine import Machine


def plain(machine: Machine, value: object, *, strict: bool) -> str:
    """A value in the language itself; ``strict``: everything inside is evaluated first."""
    if strict:
        machine.force_deep(value)
    return printer.show(machine, value) + "\n"


def as_json(machine: Machine, value: object) -> str:
    """As ``--strict --json``."""
    return json.dump(machine, value, set()) + "\n"


def as_xml(machine: Machine, value: object, *, strict: bool, location: bool) -> str:
    """As ``--xml``; ``location``: with places in the source."""
    return xml_writer.dump(machine, value, set(), strict, location)


def raw(machine: Machine, value: object) -> str:
    """A string as it is."""
    return coerce.to_string(machine, value, set(), False, False)
