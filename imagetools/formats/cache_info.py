"""``nix-cache-info``: what a binary cache says of itself (row 7.001).

Unknown fields are skipped, as Nix does; a cache for another store directory is refused by whoever asks it, not here.
"""

import re
from typing import NamedTuple

from .fields import FieldsError, split_fields
from .store_path import StoreDir, StorePathError

_WHAT = "binary cache info file"
_NUMBER = re.compile("-?[0-9]{1,9}")


class CacheInfo(NamedTuple):
    """``want_mass_query``: asking it for many paths at once is welcome. ``priority``: lower is asked first; None: not said."""

    store_dir: StoreDir
    want_mass_query: bool = False
    priority: int | None = None

    @staticmethod
    def parse(text: str, origin: str = "") -> "CacheInfo":
        """Read a file; ``origin`` is its name for errors. Raises FieldsError."""
        store_dir: StoreDir | None = None
        mass_query = False
        priority: int | None = None
        for number, name, value in split_fields(_WHAT, text, origin):
            if name == "StoreDir":
                try:
                    store_dir = StoreDir(value)
                except StorePathError as error:
                    raise FieldsError(_WHAT, origin, number, error.message) from None
            elif name == "WantMassQuery":
                mass_query = value == "1"
            elif name == "Priority":
                if _NUMBER.fullmatch(value) is None:
                    raise FieldsError(_WHAT, origin, number, "invalid Priority")
                priority = int(value)
        if store_dir is None:
            raise FieldsError(_WHAT, origin, 0, "StoreDir missing")
        return CacheInfo(store_dir, mass_query, priority)

    def __str__(self) -> str:
        text = f"StoreDir: {self.store_dir}\n"
        if self.want_mass_query:
            text += "WantMassQuery: 1\n"
        if self.priority is not None:
            text += f"Priority: {self.priority}\n"
        return text
