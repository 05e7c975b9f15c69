"""``<name/sub>``: looking up a name along NIX_PATH and -I.

An entry is (prefix, place): with an empty prefix every name is looked for in the place, else only names that begin with the
prefix (as whole
path components), which it replaces. Nix quirk: an entry whose place does not exist is skipped with a warning, once;
``<nix/x>`` means one of Nix's own files; a name found nowhere is a ``throw``, so ``tryEval`` sees it.
"""

from typing import Final

from imagetools.lang.runtime.coerce import canonical
from imagetools.lang.runtime.errors import RestrictedPath, ThrownError
from imagetools.lang.runtime.machine import Machine

OWN_FILES: Final = "/__corepkgs__/"


def parse_entry(text: str) -> tuple[str, str]:
    """One entry of NIX_PATH or -I: ``prefix=place`` or ``place``."""
    cut = text.find("=")
    if cut < 0:
        return "", text
    return text[:cut], text[cut + 1 :]


def parse_nix_path(text: str) -> list[tuple[str, str]]:
    """The entries of NIX_PATH: separated by colons, except those of a URL."""
    entries: list[tuple[str, str]] = []
    start = 0
    n = len(text)
    while start < n:
        end = start
        while end < n and text[end] != ":":
            end += 1
        if text[end : end + 3] == "://" or _scheme(text, start, end):
            end += 1
            while end < n and text[end] != ":":
                end += 1
        entry = text[start:end]
        if entry:
            entries.append(parse_entry(entry))
        start = end + 1
    return entries


def _scheme(text: str, start: int, end: int) -> bool:
    """Whether the colon at ``end`` belongs to ``channel:`` or the like."""
    word = text[start:end]
    cut = word.find("=")
    return word[cut + 1 :] in {"channel", "flake"}


def is_uri(place: str) -> bool:
    """Whether an entry's place is to be fetched."""
    if place.startswith("channel:"):
        return True
    cut = place.find("://")
    return cut > 0 and place[:cut] in {"http", "https", "file", "channel", "git", "s3", "ssh"}


def resolve_uri(uri: str) -> str:
    """``channel:NAME`` written out, anything else as it is (row 1.080)."""
    if uri.startswith("channel:"):
        return f"https://nixos.org/channels/{uri.removeprefix('channel:')}/nixexprs.tar.xz"
    return uri


def find_file(m: Machine, entries: list[tuple[str, str]], name: str) -> str:
    """The absolute path that a name means. Raises ThrownError if no entry has it."""
    for prefix, place in entries:
        suffix = _suffix(prefix, name)
        if suffix is None:
            continue
        folder = resolve(m, place)
        if folder is None:
            continue
        path = canonical(folder + suffix)
        if exists(m, path):
            return path
    if name.startswith("nix/"):
        return OWN_FILES + name[4:]
    if m.pure:
        raise ThrownError(f"cannot look up '<{name}>' in pure evaluation mode")
    raise ThrownError(f"file '{name}' was not found in the Nix search path (add it using $NIX_PATH or -I)")


def _suffix(prefix: str, name: str) -> str | None:
    """What an entry leaves of a name (with its leading slash), None if it does not apply."""
    if prefix == "":
        return "/" + name
    if name == prefix:
        return ""
    if name.startswith(prefix + "/"):
        return name[len(prefix) :]
    return None


def resolve(m: Machine, place: str) -> str | None:
    """The folder of an entry, None if there is none; asked once per place."""
    if place in m.resolved:
        return m.resolved[place]
    found: str | None
    if is_uri(place):
        found = m.io.find_file_download(place)
        if found is None:
            m.io.trace(f"warning: Nix search path entry '{place}' cannot be downloaded, ignoring")
    else:
        found = canonical(place if place.startswith("/") else m.io.cwd() + "/" + place)
        if not _usable(m, found):
            m.io.trace(f"warning: Nix search path entry '{place}' does not exist, ignoring")
            found = None
    m.resolved[place] = found
    return found


def _usable(m: Machine, folder: str) -> bool:
    """Whether a folder is there; one that may not be looked at counts, so that the file wanted from it is what is refused."""
    try:
        return exists(m, folder)
    except RestrictedPath:
        return True


def exists(m: Machine, path: str) -> bool:
    """Whether there is something at the path; folders on the way may be symlinks."""
    return m.io.kind(path) is not None


def find(m: Machine, name: str) -> str:
    """A name along the machine's own search path."""
    return find_file(m, m.search_path, name)
