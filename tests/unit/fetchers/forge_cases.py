# ruff: noqa: E501  (tables: one case a line)
"""Calls of the functions for forges, and what the derivations that they make must be: name, addresses, path, homepage, rev.

``OLD`` is what nixpkgs 20.09 answers (tests/oracle/test_forges.py asks it); ``YOUNG`` is what nixpkgs has got since then.
"""

HASH = "1x5jr2p1lhv2p9fwl0dcpmk5zk9vyp0rbbkmlqxnpvmk4a7jdlnd"
PATH = "/nix/store/haib8iysvdkx2mg0w55zb3npiv26bd0a-source"
SHOW = """drv: {
  inherit (drv) name;
  path = drv.outPath;
  url = builtins.head (drv.urls or [ drv.url or null ]);
  homepage = drv.meta.homepage or null;
  rev = drv.rev or null;
}"""


def made(url: str | None, homepage: str | None, rev: str | None, path: str = PATH) -> dict[str, str | None]:
    return {"name": path.partition("-")[2], "path": path, "url": url, "homepage": homepage, "rev": rev}


GITHUB = f'fetchFromGitHub {{ owner = "o"; repo = "r"; sha256 = "{HASH}"; '
GITLAB = f'fetchFromGitLab {{ sha256 = "{HASH}"; '
OLD = {
    GITHUB + 'rev = "v1"; }': made("https://github.com/o/r/archive/v1.tar.gz", "https://github.com/o/r", "v1"),
    GITHUB + 'rev = "refs/tags/v1"; name = "r-1"; }': made(
        "https://github.com/o/r/archive/refs/tags/v1.tar.gz",
        "https://github.com/o/r",
        "refs/tags/v1",
        "/nix/store/zr06k61qpdb6aly8q064klwn756bzfy2-r-1",
    ),
    GITHUB + 'rev = "v1"; githubBase = "git.example.org"; }': made(
        "https://git.example.org/o/r/archive/v1.tar.gz", "https://git.example.org/o/r", "v1"
    ),
    f'fetchFromGitHub {{ owner = "o"; repo = "r"; rev = "v1"; sha512 = "{"0" * 128}"; }}': made(
        "https://github.com/o/r/archive/v1.tar.gz",
        "https://github.com/o/r",
        "v1",
        "/nix/store/s9ivdjryhsv2dvak1cmgbd04pz4imm1a-source",
    ),
    GITHUB + 'rev = "v1"; fetchSubmodules = true; }': made("https://github.com/o/r.git", "https://github.com/o/r", "v1"),
    GITLAB + 'owner = "o"; repo = "r"; rev = "v1"; }': made(
        "https://gitlab.com/api/v4/projects/o%2Fr/repository/archive.tar.gz?sha=v1", "https://gitlab.com/o/r/", "v1"
    ),
    GITLAB + 'owner = "o.x"; repo = "r.y"; rev = "v1+2"; group = "g"; domain = "gitlab.example.org"; }': made(
        "https://gitlab.example.org/api/v4/projects/g%2Fo%2Ex%2Fr%2Ey/repository/archive.tar.gz?sha=v1%2B2",
        "https://gitlab.example.org/g/o.x/r.y/",
        "v1+2",
    ),
    f'fetchFromGitiles {{ url = "https://x.example.org/y/z"; rev = "abc"; sha256 = "{HASH}"; }}': made(
        "https://x.example.org/y/z/+archive/abc.tar.gz", "https://x.example.org/y/z", "abc"
    ),
    f'fetchFromBitbucket {{ owner = "o"; repo = "r"; rev = "v1"; sha256 = "{HASH}"; }}': made(
        "https://bitbucket.org/o/r/get/v1.tar.gz", "https://bitbucket.org/o/r/", "v1"
    ),
    f'fetchFromSavannah {{ repo = "r"; rev = "v1"; sha256 = "{HASH}"; }}': made(
        "https://git.savannah.gnu.org/cgit/r.git/snapshot/r-v1.tar.gz", "https://git.savannah.gnu.org/cgit/r.git/", "v1"
    ),
    f'fetchFromRepoOrCz {{ repo = "r"; rev = "v1"; sha256 = "{HASH}"; }}': made(
        "https://repo.or.cz/r.git/snapshot/v1.tar.gz", "https://repo.or.cz/r.git/", "v1"
    ),
    f'requireFile {{ url = "http://h/tool-1.tar.gz"; sha256 = "{HASH}"; }}': made(
        None, None, None, "/nix/store/2qrn011p4pbcdh0s0xndfymg3k6ri85c-tool-1.tar.gz"
    ),
    f'requireFile {{ name = "n"; message = "m"; sha1 = "{"0" * 40}"; }}': made(
        None, None, None, "/nix/store/5ad8vh8xvs99k19ihfh3qxcskfh4x44y-n"
    ),
    f'requireFile {{ name = "n"; message = "m"; sha256 = "{HASH}"; hashMode = "recursive"; }}': made(
        None, None, None, "/nix/store/k7rzafyklj7kp41fxb4p0081wbs0yd0m-n"
    ),
}

YOUNG = {
    GITHUB + 'tag = "v1"; }': made(
        "https://github.com/o/r/archive/refs/tags/v1.tar.gz", "https://github.com/o/r", "refs/tags/v1"
    ),
    GITHUB + 'tag = "v1"; private = true; }': made(
        "https://api.github.com/repos/o/r/tarball/refs/tags/v1", "https://github.com/o/r", "refs/tags/v1"
    ),
    GITHUB + 'rev = "v1"; private = true; varPrefix = "X"; githubBase = "git.example.org"; }': made(
        "https://git.example.org/api/v3/repos/o/r/tarball/v1", "https://git.example.org/o/r", "v1"
    ),
    **{
        GITHUB + f'rev = "v1"; {wish} }}': made("https://github.com/o/r.git", "https://github.com/o/r", "v1")
        for wish in (
            *("deepClone = true;", "leaveDotGit = true;", 'sparseCheckout = [ "a" ];', "forceFetchGit = true;"),
            *("fetchTags = true;", "fetchLFS = true;", 'rootDir = "a";', 'postCheckout = "true";'),
        )
    },
    GITHUB
    + 'rev = "v1"; deepClone = false; leaveDotGit = null; sparseCheckout = [ ]; forceFetchGit = false; fetchLFS = false; rootDir = ""; postCheckout = ""; }': made(
        "https://github.com/o/r/archive/v1.tar.gz", "https://github.com/o/r", "v1"
    ),
    GITHUB + 'rev = "v1"; meta.homepage = "https://r.example.org"; }': made(
        "https://github.com/o/r/archive/v1.tar.gz", "https://r.example.org", "v1"
    ),
    GITLAB + 'owner = "o"; repo = "r"; tag = "a/b%"; protocol = "http"; }': made(
        "http://gitlab.com/api/v4/projects/o%2Fr/repository/archive.tar.gz?sha=refs%2Ftags%2Fa%2Fb%25",
        "http://gitlab.com/o/r/",
        "refs/tags/a/b%",
    ),
    GITLAB + 'owner = "o"; repo = "r"; rev = "v1"; deepClone = true; }': made(
        "https://gitlab.com/o/r.git", "https://gitlab.com/o/r/", "v1"
    ),
    f'fetchFromGitea {{ domain = "git.example.org"; owner = "o"; repo = "r"; rev = "v1"; hash = "sha256:{HASH}"; }}': made(
        "https://git.example.org/o/r/archive/v1.tar.gz", "https://git.example.org/o/r", "v1"
    ),
    f'fetchFromCodeberg {{ owner = "o"; repo = "r"; rev = "v1"; hash = "sha256:{HASH}"; }}': made(
        "https://codeberg.org/o/r/archive/v1.tar.gz", "https://codeberg.org/o/r", "v1"
    ),
    f'fetchFromGitiles {{ url = "https://x.example.org/y"; tag = "v1"; sha256 = "{HASH}"; }}': made(
        "https://x.example.org/y/+archive/refs/tags/v1.tar.gz", "https://x.example.org/y", None
    ),
    f'fetchFromSavannah {{ repo = "emacs/elpa"; rev = "v1"; sha256 = "{HASH}"; }}': made(
        "https://git.savannah.gnu.org/cgit/emacs/elpa.git/snapshot/elpa-v1.tar.gz",
        "https://git.savannah.gnu.org/cgit/emacs/elpa.git/",
        "v1",
    ),
    **{
        f'fetchFromSourcehut {{ owner = "~o"; repo = "r"; rev = "v1"; sha256 = "{HASH}"; {wish} }}': made(url, homepage, "v1")
        for wish, url, homepage in (
            ("", "https://git.sr.ht/~o/r/archive/v1.tar.gz", "https://git.sr.ht/~o/r"),
            ('vc = "hg";', "https://hg.sr.ht/~o/r/archive/v1.tar.gz", "https://hg.sr.ht/~o/r"),
            ('domain = "example.org";', "https://git.example.org/~o/r/archive/v1.tar.gz", "https://git.example.org/~o/r"),
            ("fetchSubmodules = true;", "https://git.sr.ht/~o/r", "https://git.sr.ht/~o/r"),
        )
    },
    # fetchhg puts its own word before every name
    f'fetchFromSourcehut {{ owner = "~o"; repo = "r"; rev = "v1"; sha256 = "{HASH}"; vc = "hg"; fetchSubmodules = true; }}': made(
        "https://hg.sr.ht/~o/r", "https://hg.sr.ht/~o/r", "v1", "/nix/store/hcv2yadkbivsb6r97m05kf74d4y6iwfj-hg-archive-source"
    ),
}

ATTRIBUTES: dict[str, object] = {
    f'let src = pkgs.{GITHUB} tag = "v1"; passthru.mine = 1; }}; in [ src.owner src.repo src.tag src.gitRepoUrl src.mine ]': [
        *("o", "r", "v1", "https://github.com/o/r.git", 1)
    ],
    f'(pkgs.{GITHUB} rev = "v1"; }}).override {{ rev = "v2"; }}).rev'.replace("(pkgs.", "((pkgs.", 1): "v2",
    f'(pkgs.{GITLAB} owner = "o"; repo = "r"; rev = "v1"; }}).gitRepoUrl': "https://gitlab.com/o/r.git",
    f'(pkgs.fetchFromSavannah {{ repo = "r"; rev = "v1"; sha256 = "{HASH}"; }}).gitRepoUrl': "https://git.savannah.gnu.org/git/r.git",
    f'map (kind: ((import <nixpkgs> {{ config.fetchedSourceNameDefault = kind; }}).{GITHUB} tag = "v1.5"; }}).name) [ "versioned" "full" ]': [
        "r-1.5-source",
        "r-1.5-github-source",
    ],
    f'(pkgs.fetchFromGitHub.override {{ fetchzip = args: args; }} {{ owner = "o"; repo = "r"; rev = "v1"; hash = "{HASH}"; stripRoot = false; }}).stripRoot': False,
}

DEBIAN = 'pname = "libfoo"; version = "1.0"; hash = "sha256-PT/b6R1GYMhz4UsJLCE/6BwdpjYtqiNusl0BcesQh0Q=";'
PATCHES = {
    f'{{ {DEBIAN} debianRevision = "2"; patch = "fix.patch"; }}': "main/libf/libfoo/1.0-2/debian/patches/fix.patch fix.patch",
    f'{{ {DEBIAN} name = "fix.patch"; }}': "main/libf/libfoo/1.0/debian/patches/fix.patch fix.patch",
    f'{{ {DEBIAN} patch = "a.patch"; name = "b"; area = "non-free"; }}': "non-free/libf/libfoo/1.0/debian/patches/a.patch b",
    f'{{ {DEBIAN.replace("libfoo", "foo")} patch = "a"; area = "contrib"; }}': "contrib/f/foo/1.0/debian/patches/a a",
}

FAILURES = {
    f'pkgs.fetchFromGitHub {{ owner = "o"; repo = "r"; sha256 = "{HASH}"; }}': "fetchFromGitHub needs `rev` or `tag`",
    f'pkgs.{GITHUB} rev = "a"; tag = "b"; }}': "fetchFromGitHub: `rev` and `tag` exclude each other",
    f'pkgs.{GITHUB} functionName = "fetchMine"; }}': "fetchMine needs `rev` or `tag`",
    f'pkgs.{GITLAB} owner = "o"; repo = "r"; rev = "a"; private = true; }}': "set forceFetchGit = true",
    f'pkgs.fetchFromSourcehut {{ owner = "~o"; repo = "r"; rev = "a"; vc = "svn"; sha256 = "{HASH}"; }}': "fetchFromSourcehut: vc must be one of [",
    'pkgs.requireFile { name = "x"; sha256 = ""; url = "http://h"; }': "requireFile of x needs a hash",
    f'pkgs.requireFile {{ name = "x"; sha256 = "{HASH}"; }}': "requireFile needs `url` or `message`",
    f'pkgs.requireFile {{ name = "x"; url = "h"; sha256 = "{HASH}"; hashMode = "text"; }}': "hashMode must be one of",
    f"pkgs.fetchDebianPatch {{ {DEBIAN} }}": "`patch` is missing",
    f'pkgs.fetchDebianPatch {{ {DEBIAN} patch = "a"; area = "universe"; }}': "area must be one of",
}
