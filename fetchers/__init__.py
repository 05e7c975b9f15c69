"""Fetchers: one folder each, with its Nix function, the Python that does the work, and its page of documentation."""

from imagetools.builtin.api import BuiltinBuilder

from .fetchdeb.fetch_deb import FetchDeb
from .fetchdeb.unpack_deb import UnpackDeb
from .fetchgit.fetch_git import FetchGit
from .fetchhg.fetch_hg import FetchHg
from .fetchpatch.fetch_patch import FetchPatch
from .fetchsvn.fetch_svn import FetchSvn
from .fetchurl.fetch_url import FetchUrl
from .fetchzip.fetch_zip import FetchZip
from .require_file.require_file import RequireFile

BUILTINS: tuple[BuiltinBuilder, ...] = (
    FetchUrl(),
    FetchZip(),
    FetchGit(),
    FetchHg(),
    FetchSvn(),
    FetchPatch(),
    FetchDeb(),
    UnpackDeb(),
    RequireFile(),
)
