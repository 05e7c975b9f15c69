"""``mirror://site/path``: the addresses behind it (row 1.013). The table is mirrors.json, which the Nix functions read too.

It holds a few sites that release their own software, with the places that they name themselves. ``NIX_MIRRORS_<site>`` (addresses
separated by spaces) replaces a site's, or adds a site, as with nixpkgs.
"""

import json
import os
from collections.abc import Mapping, Sequence

from imagetools.builtin.api import BuiltinError

_TABLE = os.path.join(os.path.dirname(__file__), "mirrors.json")
_SCHEME = "mirror://"


class UnknownMirrorError(BuiltinError):
    """A ``mirror://`` URL whose site the table does not have, or that names no file."""

    def __init__(self, url: str, site: str) -> None:
        super().__init__(
            f"'{url}': the site '{site}' is not in the table of mirrors" if site else f"'{url}' names no site and file",
            f"write out the address that it stands for, or name places in NIX_MIRRORS_{site or 'SITE'}",
        )
        self.url = url
        self.site = site


def expand(urls: Sequence[str], env: Mapping[str, str]) -> list[str]:
    """Each ``mirror://`` URL replaced by what it stands for; ``env`` is the derivation's. Raises UnknownMirrorError."""
    found: list[str] = []
    for url in urls:
        if not url.lower().startswith(_SCHEME):
            found.append(url)
            continue
        site, _, path = url[len(_SCHEME) :].partition("/")
        places = env.get(f"NIX_MIRRORS_{site}", "").split() or _table().get(site, [])
        if not site or not path or not places:
            raise UnknownMirrorError(url, site if path else "")
        found += [f"{place.rstrip('/')}/{path}" for place in places]
    return found


def _table() -> Mapping[str, list[str]]:
    with open(_TABLE, encoding="utf-8") as file:
        table: dict[str, list[str]] = json.load(file)
    return table
