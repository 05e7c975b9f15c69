"""Dicts that share their table of names.

CPython keeps the names of an object's attributes in a table that belongs to its class, and a copy of such a ``__dict__`` shares
that table: it takes 104 bytes for two attributes where a dict of its own takes 200, and is made faster. Whatever is done to
the copy it stays a dict like any other; one that gets new names gets its own table. Where an interpreter does not do that,
nothing is lost.
"""

from typing import Final, cast

SHARED_MOST: Final = 30
"""With more names CPython gives each dict its own table."""


def sharing(names: tuple[str, ...]) -> dict[str, object]:
    """A dict of these names, whose copies share a table."""
    if len(names) > SHARED_MOST:
        return dict.fromkeys(names)
    owner = type("Names", (), {})
    attributes = cast(dict[str, object], vars(owner()))
    for name in names:
        attributes[name] = None
    for _ in range(SHARED_MOST):  # with each object, CPython expects fewer names that are still to come
        owner()
    return attributes.copy()
