"""Calls of fetchgit, fetchhg and fetchsvn with what they come to. The OLD ones nixpkgs 20.09 answers in the same way."""

from typing import Final

SHA: Final = 'sha256 = "0000000000000000000000000000000000000000000000000000";'
SHOW: Final = "drv: drv.outPath"

OLD: Final[dict[str, str]] = {
    f'fetchgit {{ url = "https://h/repo.git"; rev = "deadbeefcafe"; {SHA} }}': "repo-deadbee",
    f'fetchgit {{ url = "https://h/repo.git/"; rev = "refs/tags/v1"; {SHA} }}': "repo",
    f'fetchgit {{ url = "https://h/repo"; {SHA} }}': "repo",
    f'fetchgit {{ url = "git@h:owner/repo.git"; rev = "v1"; {SHA} }}': "repo",
    f'fetchgit {{ url = "h:repo.git"; rev = "123"; {SHA} }}': "repo-123",
    f'fetchgit {{ url = "https://h/legit"; rev = "v1"; {SHA} }}': "l",
    f'fetchgit {{ url = "https://h/repo"; rev = "v1"; name = "named"; deepClone = true; branchName = "b"; {SHA} }}': "named",
    f'fetchhg {{ url = "https://h/repo"; rev = "1"; {SHA} }}': "hg-archive",
    f'fetchhg {{ url = "https://h/repo"; name = "x"; fetchSubrepos = true; {SHA} }}': "hg-archive-x",
    f'fetchsvn {{ url = "https://h/repo/trunk"; rev = "5"; {SHA} }}': "repo-r5",
    f'fetchsvn {{ url = "https://h/repo/trunk/"; rev = 5; {SHA} }}': "repo-r5",
    f'fetchsvn {{ url = "svn://h/repo/branches/b"; ignoreExternals = true; {SHA} }}': "repo-b-rHEAD",
    f'fetchsvn {{ url = "svn://h/a/repo/tags/1.0"; rev = "7"; ignoreKeywords = true; {SHA} }}': "repo-1.0-r7",
    f'fetchsvn {{ url = "svn://h/a/repo"; rev = "7"; name = "named"; {SHA} }}': "named",
}

YOUNG: Final[dict[str, str]] = {
    f'fetchgit {{ url = "https://h/repo.git"; tag = "v1"; {SHA} }}': "repo",
    f'fetchgit {{ url = "https://h/repo.git"; tag = "2023"; {SHA} }}': "repo-2023",
    f'fetchgit {{ url = "https://h/repo.git"; rev = "deadbeefcafe"; rootDir = "a/b"; {SHA} }}': "repo-a-b",
    f'(fetchgit {{ url = "https://h/repo.git"; {SHA} }}).override {{ rev = "abcdef0123"; }}': "repo-abcdef0",
}

_GIT: Final = 'pkgs.fetchgit { url = "https://h/repo.git"; hash = "";'
ATTRIBUTES: Final[dict[str, object]] = {
    f"({_GIT} }}).gitRepoUrl": "https://h/repo.git",
    f"({_GIT} }}).passthru.gitRepoUrl": "https://h/repo.git",
    f"({_GIT} }}).meta.homepage": "https://h/repo.git",
    f'({_GIT} meta.homepage = "x"; }}).meta': {"homepage": "x"},
    '(pkgs.fetchgit { url = "https://me:pw@h/repo.git"; }).meta': {},
    f"({_GIT} }}).rev": "HEAD",
    f'({_GIT} tag = "v1"; }}).rev': "refs/tags/v1",
    f'({_GIT} tag = "v1"; }}).tag': "v1",
    f"({_GIT} passthru.a = 1; }}).passthru.a + ({_GIT} passthru.a = 1; }}).a": 2,
    f"({_GIT} }}).fetchSubmodules": True,
    f"({_GIT} deepClone = true; }}).leaveDotGit": True,
    f"({_GIT} fetchTags = true; }}).leaveDotGit": True,
    f"({_GIT} deepClone = true; leaveDotGit = false; }}).leaveDotGit": False,
    f'({_GIT} sparseCheckout = [ "a" "b" ]; }}).sparseCheckout': "a\nb",
    f'({_GIT} sparseCheckout = "a\\nb"; }}).sparseCheckout': "a\nb",
    f'({_GIT} rootDir = "a"; }}).sparseCheckout': "a",
    f'({_GIT} rootDir = "a"; }}).nonConeMode': True,
    f'builtins.elem "TOKEN" ({_GIT} netrcImpureEnvVars = [ "TOKEN" ]; }}).impureEnvVars': True,
    f'({_GIT} preFetch = "true"; }}).postFetch': ":",
    f"({_GIT} }}) ? postFetchShell": False,
    f'({_GIT} postCheckout = "true"; }}).postCheckout': "true",
    f'({_GIT} postCheckout = "true"; }}) ? postFetchShell': True,
    f'((import <nixpkgs> {{ config.gitConfigFile = "/x"; }}).{_GIT[5:]} }}).gitConfigFile': "/x",
    '(pkgs.fetchhg { url = "https://h/r"; passthru.a = 1; meta.b = 2; }).meta.b': 2,
    '(pkgs.fetchsvn { url = "https://h/r"; }).rev': "HEAD",
}

FAILURES: Final[dict[str, str]] = {
    f'{_GIT} rev = "a"; tag = "b"; }}': "fetchgit of https://h/repo.git: `rev` and `tag` exclude each other",
    f"{_GIT} fetchTags = true; leaveDotGit = false; }}": "`fetchTags` needs `leaveDotGit`",
    f'{_GIT} rootDir = "a"; leaveDotGit = true; }}': "`rootDir` and `leaveDotGit` exclude each other",
    f"{_GIT} nonConeMode = true; }}": "`nonConeMode` needs `sparseCheckout`",
    f'{_GIT} md5 = "x"; }}': "md5 is no longer taken",
    f'{_GIT} {SHA.replace("sha256", "sha512")} sha256 = "x"; }}': "more than one hash is given (sha512, sha256)",
    'pkgs.fetchgit { url = "https://me:s3cret@h"; }': "fetchgit of https://h: the last part of the URL, the default for `name`",
    'pkgs.fetchsvn { url = "svn+ssh://h/x"; }': "a build sees no keys of yours, so svn+ssh:// cannot work",
    'pkgs.fetchhg { url = "https://h/x"; md5 = "x"; }': "fetchhg of https://h/x: md5 is no longer taken",
}
