"""Fetching while evaluating that goes wrong, without a server."""

from collections.abc import Mapping

from tests.golden.bad_input.case import Case

ZERO = "0000000000000000000000000000000000000000000000000000"
NOBODY = "http://127.0.0.1:1"
ONCE = ("--option", "download-attempts", "1")


def evaluated(text: str, *options: str, files: Mapping[str | bytes, str | bytes] | None = None) -> Case:
    return Case(["eval", *options, "-E", text], files or {})


CASES: Mapping[str, Case] = {
    "fetching a file that is not there": evaluated('builtins.fetchurl "file:///work/none"'),
    "fetching from a server that does not answer": evaluated(f'fetchTarball "{NOBODY}/x.tar.gz"', *ONCE),
    "fetching with a password in the URL": evaluated('builtins.fetchurl "http://ann:s3cret@127.0.0.1:1/x?token=s3cret"', *ONCE),
    "fetching through another protocol": evaluated('builtins.fetchurl "gopher://example.org/x"'),
    "fetching from s3": evaluated('builtins.fetchurl "s3://bucket/x"'),
    "fetching a file with another hash": evaluated(
        f'builtins.fetchurl {{ url = "file:///work/x"; sha256 = "{ZERO}"; }}', files={"x": "text\n"}
    ),
    "fetching a tarball that is none": evaluated('fetchTarball "file:///work/x"', files={"x": "text\n"}),
    "fetching with an argument that is not known": evaluated('builtins.fetchurl { url = "x"; sha512 = ""; }'),
    "fetching without a URL": evaluated("fetchTarball { }"),
    "fetching in restricted evaluation": evaluated(f'builtins.fetchurl "{NOBODY}/x"', "--restrict-eval"),
    "fetching in pure evaluation": evaluated(f'builtins.fetchurl "{NOBODY}/x"', "--pure-eval"),
    "a repository in pure evaluation": evaluated(f'fetchGit "{NOBODY}/x"', "--pure-eval"),
    "a repository that is not there": evaluated("fetchGit ./none"),
    "a folder that is no repository": evaluated("fetchGit ./x", files={"x/.git/y": ""}),
    "a repository through a transport that runs programs": evaluated('fetchGit "ext::sh -c touch% x"'),
    "a repository without the program for it": Case(["eval", "-E", "fetchGit /work"], {".git/y": ""}, {"PATH": "/work/none"}),
    "a branch that can be none": evaluated('fetchGit { url = ./x; ref = "a..b"; }'),
    "a commit that can be none": evaluated('fetchGit { url = ./x; rev = "abc"; }'),
    "a repository with an attribute that is not known": evaluated("fetchGit { url = ./x; depth = 1; }"),
    "a repository with files of Git LFS": evaluated("fetchGit { url = ./x; lfs = true; }"),
    "a tree of a kind that is not there": evaluated('fetchTree { type = "svn"; url = "x"; }'),
    "a tree of a registry": evaluated('fetchTree "flake:nixpkgs"'),
    "a tree with another hash": evaluated(
        'fetchTree { type = "path"; path = "/work/x"; narHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; }',
        files={"x": "text\n"},
    ),
    "a tarball as a file that is not there": Case(["eval", "file:///work/none.tar.gz"]),
    "a tarball in the search path that is not there": evaluated("<x/y>", "-I", "x=file:///work/none.tar.gz"),
}
