"""``fetchGit`` by way of its copies: when the remote is asked, what may go wrong, what must not run."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from imagetools.instantiate.fetching.errors import DiskTrouble, FetchFailed, FetchingError, NarHashMismatch, NotSupportedHere
from imagetools.instantiate.fetching.schemes import fetch, of_attributes
from imagetools.lang.runtime.errors import EvalError
from tests.unit.fetchers.git.repositories import Folder, git, submodule
from tests.unit.fetchers.git.servers import smart
from tests.unit.instantiate.fetching.session import Session

HOUR = 3600


@pytest.fixture
def repository(tmp_path: Path) -> Folder:
    made = Folder.new(tmp_path / "work")
    made.commit(
        "one",
        {"a": b"one\n", "hidden": b"x\n", ".gitattributes": b"hidden export-ignore\nid export-subst\n", "id": b"$Format:%s$\n"},
    )
    made.publish(tmp_path / "served.git")
    return made


def publish(repository: Folder, message: str) -> str:
    """Another commit, also in the bare copy."""
    commit = repository.commit(message, {"a": message.encode() + b"\n"})
    served = repository.path.parent / "served.git"
    git(served, "fetch", "-q", str(repository.path), "+refs/*:refs/*")
    return commit


def url(repository: Folder) -> str:
    return f"file://{repository.path.parent}/served.git"


def read(session: Session, where: str, more: str = "") -> str:
    return session.shown(f'builtins.readFile (fetchGit {{ url = "{where}"; {more} }} + "/a")')


def test_for_an_hour_nobody_is_asked(repository: Folder, tmp_path: Path) -> None:
    assert read(Session(tmp_path), url(repository)) == r'"one\n"'
    publish(repository, "two")
    assert read(Session(tmp_path, now=1_000_000 + HOUR), url(repository)) == r'"one\n"'
    assert read(Session(tmp_path, now=1_000_001 + HOUR), url(repository)) == r'"two\n"'


def test_with_zero_seconds_it_is_asked_each_time(repository: Folder, tmp_path: Path) -> None:
    assert read(Session(tmp_path, ttl=0), url(repository)) == r'"one\n"'
    publish(repository, "two")
    assert read(Session(tmp_path, ttl=0), url(repository)) == r'"two\n"'


def test_a_ref_that_was_rewritten(repository: Folder, tmp_path: Path) -> None:
    read(Session(tmp_path), url(repository))
    repository.git("commit", "-q", "--amend", "-m", "amended")
    git(repository.path.parent / "served.git", "fetch", "-q", str(repository.path), "+refs/*:refs/*")
    commit = repository.git("rev-parse", "HEAD").strip()
    assert Session(tmp_path, ttl=0).shown(f'(fetchGit "{url(repository)}").rev') == f'"{commit}"'


def test_one_copy_serves_all_refs_of_a_remote(repository: Folder, tmp_path: Path) -> None:
    repository.git("branch", "side")
    publish(repository, "two")
    session = Session(tmp_path)
    read(session, url(repository))
    read(session, url(repository), 'ref = "side";')
    assert len([path for path in (tmp_path / "cache/git").iterdir() if path.is_dir()]) == 1


def test_without_the_remote_the_old_copy_is_used(repository: Folder, tmp_path: Path) -> None:
    commit = repository.git("rev-parse", "HEAD").strip()
    read(Session(tmp_path), url(repository))
    shutil.move(repository.path.parent / "served.git", repository.path.parent / "elsewhere.git")
    later = Session(tmp_path, ttl=0)
    assert read(later, url(repository)) == r'"one\n"'
    (line,) = later.said
    assert line.startswith(
        f"warning: could not update local clone of Git repository '{url(repository)}'; continuing with the most"
    )
    other = Session(tmp_path, ttl=0, store="another")
    assert read(other, url(repository), f'rev = "{commit}";') == r'"one\n"'
    assert other.said == []
    with pytest.raises(EvalError, match="there is no git repository"):
        read(Session(tmp_path / "fresh"), url(repository))


def test_a_known_commit_asks_nobody(repository: Folder, tmp_path: Path) -> None:
    commit = repository.git("rev-parse", "HEAD").strip()
    read(Session(tmp_path), url(repository), f'rev = "{commit}";')
    shutil.rmtree(repository.path.parent / "served.git")
    shutil.rmtree(tmp_path / "cache/git")
    assert read(Session(tmp_path, now=9_000_000, ttl=0), url(repository), f'rev = "{commit}";') == r'"one\n"'


def test_over_http_with_a_login(repository: Folder, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ann password s3cret\n")
    with smart(tmp_path, "ann:s3cret") as server:
        where = server.url("/served.git")
        with pytest.raises(EvalError, match="the server wants a login") as caught:
            read(Session(tmp_path / "a"), where)
        assert read(Session(tmp_path / "b", netrc=str(tmp_path / "netrc")), where) == r'"one\n"'
        with_login = server.url("/served.git", "ann:s3cret@")
        assert read(Session(tmp_path / "c"), with_login) == r'"one\n"'
        with pytest.raises(EvalError) as refused:
            read(Session(tmp_path / "d"), server.url("/served.git", "ann:wr0ng@"))
    assert "s3cret" not in caught.value.message
    assert "wr0ng" not in refused.value.message
    for path in (tmp_path / "c/cache").rglob("*"):
        assert not path.is_file() or b"s3cret" not in path.read_bytes()


def test_what_leaves_locks_behind_does_not_stop_the_next(repository: Folder, tmp_path: Path) -> None:
    read(Session(tmp_path), url(repository))
    (copy,) = (path for path in (tmp_path / "cache/git").iterdir() if path.is_dir())
    for name in ("HEAD.lock", "packed-refs.lock", "refs/fetched/HEAD.lock", "shallow.lock"):
        (copy / name).write_text("")
    publish(repository, "two")
    later = Session(tmp_path, ttl=0)
    assert read(later, url(repository)) == r'"two\n"'
    assert later.said == []


def test_a_broken_copy_is_made_anew(repository: Folder, tmp_path: Path) -> None:
    read(Session(tmp_path), url(repository))
    (copy,) = (path for path in (tmp_path / "cache/git").iterdir() if path.is_dir())
    (copy / "HEAD").unlink()
    publish(repository, "two")
    assert read(Session(tmp_path, ttl=0), url(repository)) == r'"two\n"'


def test_several_at_once(repository: Folder, tmp_path: Path) -> None:
    found: list[str] = []

    def work() -> None:
        session = Session(tmp_path)
        path, _ = fetch(session.world, of_attributes({"type": "git", "url": url(repository)}))
        found.append(Path(session.store.real_path(path), "a").read_text())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == ["one\n"] * 4


def test_killed_while_fetching(repository: Folder, tmp_path: Path) -> None:
    """The process is killed when git talks to the server; the next one finds everything in order."""
    program = (
        "import sys, pathlib\n"
        "from tests.unit.instantiate.fetching.session import Session\n"
        "print(Session(pathlib.Path(sys.argv[1])).shown(sys.argv[2]))\n"
    )
    hook = tmp_path / "bin/git"
    hook.parent.mkdir()
    hook.write_text(f'#!/bin/sh\ncase "$*" in *" fetch "*) kill -9 $PPID; sleep 0.1;; esac\nexec {shutil.which("git")} "$@"\n')
    hook.chmod(0o755)
    text = f'builtins.readFile (fetchGit "{url(repository)}" + "/a")'
    root = Path(__file__).parents[4]
    env = {**os.environ, "PATH": f"{hook.parent}:{os.environ['PATH']}", "PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path), text], env=env, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert Session(tmp_path).shown(text) == r'"one\n"'


def test_a_checkout_instead_of_an_archive(repository: Folder, tmp_path: Path) -> None:
    session = Session(tmp_path)
    text = f'builtins.attrNames (builtins.readDir (fetchGit {{ url = "{url(repository)}"; MORE }}))'
    assert session.shown(text.replace("MORE", "")) == '[ ".gitattributes" "a" "id" ]'
    assert session.shown(text.replace("MORE", "exportIgnore = false;")) == '[ ".gitattributes" "a" "hidden" "id" ]'
    ids = f'builtins.readFile (fetchGit {{ url = "{url(repository)}"; MORE }} + "/id")'
    assert session.shown(ids.replace("MORE", "")) == r'"one\n"'
    assert session.shown(ids.replace("MORE", "exportIgnore = false;")) == r'"$Format:%s$\n"'


def test_shallow(repository: Folder, tmp_path: Path) -> None:
    publish(repository, "two")
    first = repository.git("rev-parse", "HEAD^").strip()
    session = Session(tmp_path)
    assert session.shown(f'(fetchGit {{ url = "{url(repository)}"; shallow = true; }}).revCount') == "0"
    (copy,) = (tmp_path / "cache/git").glob("*-shallow")
    assert git(copy, "rev-list", "--count", "refs/fetched/HEAD").strip() == "1"
    assert read(session, url(repository), f'shallow = true; rev = "{first}";') == r'"one\n"'
    assert session.shown(f'(fetchGit {{ url = "{url(repository)}"; name = "deep"; }}).revCount') == "2"


@pytest.mark.parametrize(
    ("more", "error", "sentence"),
    [
        ("lfs = true;", NotSupportedHere, "Git LFS (attribute 'lfs' of fetchGit) is not supported by imagetools"),
        ("verifyCommit = true;", NotSupportedHere, "verifying the signature of a commit (attribute 'verifyCommit'"),
        ("exportIgnore = true; submodules = true;", NotSupportedHere, "exportIgnore and submodules are not supported together"),
        ('rev = "0123456789012345678901234567890123456789";', FetchingError, "Cannot find Git revision '0123456789"),
        ('ref = "none";', FetchFailed, "the repository has no such revision"),
        ('ref = "-x";', FetchingError, "invalid Git branch/tag name '-x'"),
        ('ref = "--upload-pack=touch";', FetchingError, "invalid Git branch/tag name '--upload-pack=touch'"),
        ('narHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";', NarHashMismatch, "NAR hash mismatch in input"),
    ],
)
def test_what_is_refused(more: str, error: type[EvalError], sentence: str, repository: Folder, tmp_path: Path) -> None:
    with pytest.raises(error) as caught:
        read(Session(tmp_path), url(repository), more)
    assert sentence in caught.value.message
    assert caught.value.exit_code == (102 if error is NarHashMismatch else 1)


@pytest.mark.parametrize(
    "where", ["ext::sh -c touch% x", "ext://x/y", "-x", "ssh://-oProxyCommand=x/y", "user@-oProxyCommand=x:y"]
)
def test_urls_that_could_run_something(where: str, tmp_path: Path) -> None:
    with pytest.raises(EvalError):
        Session(tmp_path).shown(f'fetchGit "{where}"')
    assert not (tmp_path / "x").exists()


def test_nothing_of_a_repository_runs(repository: Folder, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    for name in ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc"):
        for hooks in (repository.path / ".git/hooks", tmp_path / "served.git/hooks"):
            hooks.mkdir(exist_ok=True)
            (hooks / name).write_text(f"#!/bin/sh\ntouch {mark}\n")
            (hooks / name).chmod(0o755)
    repository.git("config", "core.fsmonitor", f"touch {mark}; false")
    repository.git("config", "diff.external", f"touch {mark}; false")
    (repository.path / "a").write_text("changed\n")
    session = Session(tmp_path)
    session.shown(f"fetchGit {repository.path}")
    session.shown(f'fetchGit "{url(repository)}"')
    session.shown(f'fetchGit {{ url = "{url(repository)}"; exportIgnore = false; }}')
    assert not mark.exists()


def test_the_person_s_configuration_reaches_remotes_and_no_content(repository: Folder, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    attributes = home / "attributes"
    attributes.write_text("a export-ignore\n")
    (home / ".gitconfig").write_text(
        f'[url "file://{tmp_path}/"]\n\tinsteadOf = https://example.invalid/\n'
        f"[core]\n\tattributesFile = {attributes}\n\tautocrlf = true\n"
    )
    assert read(Session(tmp_path), "https://example.invalid/served.git") == r'"one\n"'


@pytest.mark.parametrize("how", ["GIT_SSH_COMMAND", "GIT_SSH", "core.sshCommand"])
def test_over_ssh(how: str, repository: Folder, tmp_path: Path) -> None:
    """``user@host:path``, the host played by a script that runs what it is told."""
    ssh = tmp_path / "ssh"
    ssh.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\nshift $(($# - 1))\nexec sh -c "$1"\n')
    ssh.chmod(0o755)
    variables = {how: str(ssh)} if how.startswith("GIT") else {}
    (tmp_path / "home").mkdir()
    if not variables:
        (tmp_path / "home/.gitconfig").write_text(f"[core]\n\tsshCommand = {ssh}\n")
    session = Session(tmp_path, variables=variables)
    assert read(session, f"ann@example.invalid:{tmp_path}/served.git") == r'"one\n"'
    assert "ann@example.invalid git-upload-pack" in (tmp_path / "asked").read_text()


def test_git_is_not_there(repository: Folder, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(EvalError) as caught:
        read(Session(tmp_path, variables={"PATH": str(tmp_path / "empty")}), url(repository))
    assert caught.value.message == "this needs the program 'git', which is not installed"
    assert caught.value.hint == "on Debian: apt install git"


def test_a_cache_that_cannot_be_written(repository: Folder, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file\n")
    with pytest.raises(DiskTrouble, match=r"cannot keep what is fetched: Not a directory '.*/cache/git'"):
        read(Session(tmp_path), url(repository))
    assert Session(tmp_path).shown(f'builtins.readFile (fetchGit {repository.path} + "/a")') == r'"one\n"'


def test_a_path_that_is_no_url_as_it_stands(tmp_path: Path) -> None:
    made = Folder.new(tmp_path / "a b%20ä?")
    made.commit("one", {"a": b"one\n"})
    session = Session(tmp_path)
    for text in (f"fetchGit (/. + {quoted(made.path)})", f"fetchGit {quoted(made.path)}"):
        assert session.shown(f'builtins.readFile ({text} + "/a")') == r'"one\n"'
    (made.path / "a").write_text("two\n")
    assert session.shown(f'builtins.readFile (fetchGit {quoted(made.path)} + "/a")') == r'"two\n"'
    assert session.shown(f'builtins.readFile (fetchTree {quoted(made.path)} + "/a")') == r'"two\n"'
    made.publish(tmp_path / "bare ?.git")
    assert session.shown(f'builtins.readFile (fetchGit {quoted(tmp_path)}"/bare ?.git" + "/a")'.replace('""', "")) == r'"one\n"'


def quoted(path: Path) -> str:
    return f'"{path}"'


def test_a_folder_without_a_repository(tmp_path: Path) -> None:
    (tmp_path / "plain/.git").mkdir(parents=True)
    with pytest.raises(EvalError, match="is not a Git repository"):
        Session(tmp_path).shown(f"fetchGit {tmp_path}/plain")
    with pytest.raises(EvalError, match="there is no git repository"):
        Session(tmp_path).shown(f"fetchGit {tmp_path}/none")


def test_submodules_of_a_file_url_and_one_without_a_url(repository: Folder, tmp_path: Path) -> None:
    outer = Folder.new(tmp_path / "outer")
    commit = repository.git("rev-parse", "HEAD").strip()
    outer.commit("outer", {"x": b"x\n"})
    submodule(outer, "deep/sub", "../served.git", commit)
    outer.git("commit", "-q", "-m", "with a submodule")
    outer.publish(tmp_path / "outer.git")
    where = f"file://{tmp_path}/outer.git"
    session = Session(tmp_path)
    assert session.shown(f'builtins.readFile (fetchGit {{ url = "{where}"; submodules = true; }} + "/deep/sub/a")') == r'"one\n"'
    assert session.shown(f'builtins.readDir (fetchGit {{ url = "{where}"; submodules = true; }} + "/deep/sub")') == (
        '{ ".gitattributes" = "regular"; a = "regular"; hidden = "regular"; id = "regular"; }'
    )
    assert session.shown(f'builtins.readDir (fetchGit {{ url = "{where}"; }} + "/deep/sub")') == "{ }"
    outer.git("rm", "-q", "--cached", ".gitmodules")
    outer.git("commit", "-q", "-m", "without a URL")
    with pytest.raises(FetchingError, match="has a submodule at 'deep/sub', and no URL for it"):
        session.shown(f"fetchGit {{ url = {outer.path}; ref = ''main''; submodules = true; }}")
