"""Fetchers: one folder each, with its Nix function, the Python that does the work, and its page of documentation."""

from imagetools.builtin.table import BuiltinTable

BUILTINS = BuiltinTable(
    __name__,
    {
        "fetchurl": ".fetchurl.fetch_url:FetchUrl",
        "fetchzip": ".fetchzip.fetch_zip:FetchZip",
        "fetchgit": ".fetchgit.fetch_git:FetchGit",
        "fetchhg": ".fetchhg.fetch_hg:FetchHg",
        "fetchsvn": ".fetchsvn.fetch_svn:FetchSvn",
        "fetchpatch": ".fetchpatch.fetch_patch:FetchPatch",
        "fetchdeb": ".fetchdeb.fetch_deb:FetchDeb",
        "unpackdeb": ".fetchdeb.unpack_deb:UnpackDeb",
        "require-file": ".require_file.require_file:RequireFile",
    },
)
