"""What git may be given, and the surroundings it gets."""

import subprocess
from pathlib import Path

import pytest

from imagetools.net import git_commands
from imagetools.net.git_commands import GitRevisionError, GitUrlError, check_revision, protocol, split_credentials
from tests.oracle.peers import need


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.org/x.git", "https"),
        ("HTTP://example.org:80/x", "http"),
        ("git://[::1]:9418/x", "git"),
        ("ssh://git@example.org/x", "ssh"),
        ("git+ssh://example.org/x", "ssh"),
        ("git@example.org:owner/x.git", "ssh"),
        ("example.org:x", "ssh"),
        ("[::1]:x", "ssh"),
        ("file:///srv/x", "file"),
        ("/srv/x:y", "file"),
    ],
)
def test_protocols(url: str, name: str) -> None:
    assert protocol(url) == name


@pytest.mark.parametrize(
    "url",
    [
        "",
        "-u./x",
        "--upload-pack=touch x",
        "ext::sh -c id",
        "fd::17",
        "https::https://x",
        "ftp://example.org/x",
        "ssh://-oProxyCommand=id/x",
        "ssh://me@-oProxyCommand=id/x",
        "-oProxyCommand=id:x",
        "me@-oProxyCommand=id:x",
        "host:-x",
        "https:///x",
        "https://h/a\nb",
        "relative/path",
        ".",
    ],
)
def test_urls_that_git_is_not_given(url: str) -> None:
    with pytest.raises(GitUrlError):
        protocol(url)


def test_a_refusal_shows_no_secret() -> None:
    with pytest.raises(GitUrlError) as caught:
        protocol("ftp://me:s3cret@example.org/x")
    assert caught.value.message == "cannot fetch from 'ftp://***@example.org/x': git has no transport 'ftp' here"
    assert "user@host:path" in (caught.value.hint or "")


@pytest.mark.parametrize("rev", ["HEAD", "main", "v1.0", "refs/heads/a/b", "feature/x-1", "ä", "0123abc", "a@b", "{x}"])
def test_revisions(rev: str) -> None:
    check_revision(rev)


@pytest.mark.parametrize(
    "rev",
    ["", "-x", "--all", "a b", "a..b", "HEAD~1", "HEAD^", "a:b", "@", "@{1}", "x@{u}", "a//b", "/a", "a/", ".a", "a.lock", "x\n"],
)
def test_what_is_no_revision(rev: str) -> None:
    with pytest.raises(GitRevisionError):
        check_revision(rev)


def test_git_itself_agrees(tmp_path: Path) -> None:
    """What we take for a name of a branch is one for git."""
    need("git")
    for rev in ("main", "feature/x-1", "a@b", "v1.0", "ä"):
        subprocess.run(["git", "check-ref-format", "--branch", rev], cwd=tmp_path, check=True, capture_output=True)


def test_credentials_leave_the_url() -> None:
    assert split_credentials("https://me:p%40ss@h:8/x?y=1") == ("https://h:8/x?y=1", "https://me:p%40ss@h:8")
    assert split_credentials("https://token@h/x") == ("https://h/x", "https://token:@h")
    assert split_credentials("https://h/x") == ("https://h/x", None)
    assert split_credentials("ssh://me@h/x") == ("ssh://me@h/x", None)
    assert split_credentials("git@h:x") == ("git@h:x", None)
    assert split_credentials('http://a b:c"d@h/x') == ("http://h/x", "http://a%20b:c%22d@h")


def test_git_reads_the_configuration(tmp_path: Path) -> None:
    need("git")
    text = git_commands.configuration(
        credentials="/a b/c", lfs=True, workers=2, proxies=[("http://h/", 'p"\\')], include=str(tmp_path / "more"), any_owner=True
    )
    (tmp_path / git_commands.CONFIG_FILE).write_text(text)
    (tmp_path / "more").write_text("[checkout]\n\tworkers = 3\n")
    env = git_commands.environment(str(tmp_path), ("https",), path="/usr/bin:/bin")
    done = subprocess.run(
        ["git", "config", "--list", "--includes"], env=env, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert 'http.http://h/.proxy=p"\\' in lines
    assert "credential.helper=store --file=/a b/c" in lines
    assert lines.index("checkout.workers=2") < lines.index("checkout.workers=3")
    assert "safe.directory=*" in lines
    assert "filter.lfs.required=true" in lines


def test_the_environment_holds_what_it_must_and_no_more() -> None:
    given = {"https_proxy": "http://p:1", "no_proxy": "", "LD_PRELOAD": "x", "GIT_DIR": "/x", "SSH_AUTH_SOCK": "/s"}
    env = git_commands.environment("/home", ("ssh", "https"), path="/bin", ca_file="/ca", variables=given)
    assert env["https_proxy"] == "http://p:1"
    assert env["GIT_ALLOW_PROTOCOL"] == "https:ssh"
    assert env["GIT_SSL_CAINFO"] == "/ca"
    assert env["GIT_TERMINAL_PROMPT"] == "0"
    assert not {"LD_PRELOAD", "GIT_DIR", "no_proxy", "SSH_AUTH_SOCK"} & env.keys()
