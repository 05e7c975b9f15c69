"""How fetching while evaluating fails. All are evaluation errors, since they have a place in the definition; ``tryEval`` sees
none of them, as in Nix."""

import os
from typing import ClassVar

from imagetools.formats.store_path import StoreNameError
from imagetools.kernel.bytestr import to_bytes, to_str
from imagetools.kernel.errors import ImagetoolsError
from imagetools.kernel.hashes import Hash
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.values.model import Attrs
from imagetools.net.redact import redact


class FetchingError(EvalError):
    """An evaluation-time fetch that cannot be done; messages are bytestrs."""


class NoNameForDownload(FetchingError):
    """What is downloaded cannot be named in the store as its URL, or as the argument of the call, says."""

    def __init__(self, error: StoreNameError, url: str, who: str, argument: object) -> None:
        if not isinstance(argument, Attrs):
            advice = f"Please pass an attribute set with 'url' and 'name' attributes to '{who}',  so that"
        elif "name" in argument.d:
            advice = f"Please change the value for the 'name' attribute passed to '{who}', so that"
        else:
            advice = f"Please add a valid 'name' attribute to the argument for '{who}', so that"
        problem = f"invalid store path name when fetching URL '{shown(url)}': {error.message}"
        super().__init__(f"{problem}. {advice} it can create a valid store path.")


class RelativeTarball(FetchingError):
    """A ``file:`` URL of a tarball that does not say where."""

    def __init__(self, url: str) -> None:
        super().__init__(f"tarball '{shown(url)}' must use an absolute path. The 'file' scheme does not support relative paths.")


class FetchFailed(FetchingError):
    """Something below (a download, git, an archive) failed; ``cause`` is it, in a form that has a place."""

    fault: ClassVar[str] = "host"

    def __init__(self, cause: ImagetoolsError) -> None:
        super().__init__(as_bytestr(cause.message), None, cause.hint)
        self.cause = cause


class FetchedHashMismatch(FetchingError):
    """What came has another hash than the definition says (row 1.067)."""

    exit_code: ClassVar[int] = 102

    def __init__(self, url: str, specified: Hash, got: Hash) -> None:
        super().__init__(
            f"hash mismatch in file downloaded from '{shown(url)}':\n  specified: {specified.nix()}\n  got:       {got.nix()}"
        )
        self.specified = specified
        self.got = got


class NarHashMismatch(FetchingError):
    """The tree of an input has another hash than its ``narHash``."""

    exit_code: ClassVar[int] = 102

    def __init__(self, url: str, path: str, specified: Hash, got: Hash) -> None:
        super().__init__(f"NAR hash mismatch in input '{shown(url)}' ({path}), expected '{specified.sri()}', got '{got.sri()}'")
        self.specified = specified
        self.got = got


class DiskTrouble(FetchingError):
    """This machine's disk or folders do not let something be kept."""

    fault: ClassVar[str] = "host"

    def __init__(self, cause: OSError) -> None:
        where = "" if cause.filename is None else f" '{as_bytestr(os.fsdecode(cause.filename))}'"
        super().__init__(f"cannot keep what is fetched: {cause.strerror or cause}{where}")


class NotLocked(FetchingError):
    """Pure evaluation fetches only what cannot change."""

    def __init__(self, what: str) -> None:
        super().__init__(f"in pure evaluation mode, {what}")


class BadUrl(FetchingError):
    """A text that is no URL, or one that does not fit where it stands."""


class BadArchive(FetchingError):
    """What came cannot be unpacked, or must not be."""

    fault: ClassVar[str] = "host"

    def __init__(self, url: str, cause: ImagetoolsError) -> None:
        super().__init__(f"cannot unpack '{shown(url)}': {as_bytestr(cause.message)}")
        self.cause = cause


class TopLevelFiles(FetchingError):
    """A tarball without the one folder (or file) at its top."""

    def __init__(self, url: str) -> None:
        super().__init__(f"tarball '{shown(url)}' contains an unexpected number of top-level files")


class NotSupportedHere(FetchingError):
    """Something that Nix can fetch and imagetools cannot."""


def as_bytestr(text: str) -> str:
    """A sentence of the rest of the house in a message of an evaluation."""
    return to_str(text.encode("utf-8", "surrogateescape"))


def shown(url: str) -> str:
    """A URL (bytestr) for a message, secrets taken out."""
    return as_bytestr(redact(to_bytes(url).decode("utf-8", "surrogateescape")))
