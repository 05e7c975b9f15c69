"""All builtin builders of the product."""

from imagetools.builtin.table import BuiltinTable
from imagetools.bundled import builders, fetchers


def builtins() -> BuiltinTable:
    """Builders and fetchers by name; none is imported yet."""
    return fetchers.BUILTINS | builders.BUILTINS
