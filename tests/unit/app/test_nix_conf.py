"""Which files count, in which order, what is taken from them, and what makes no sense in them."""

from pathlib import Path

import pytest

from imagetools.app.nix_conf import NixConfError, nix_conf


def read(tmp_path: Path, **variables: str) -> list[tuple[str, str]]:
    return nix_conf(
        {"NIX_CONF_DIR": str(tmp_path / "etc"), "XDG_CONFIG_DIRS": str(tmp_path / "none"), **variables}, str(tmp_path)
    )


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_nothing_is_there(tmp_path: Path) -> None:
    assert read(tmp_path) == []


def test_the_order(tmp_path: Path) -> None:
    """The machine's, the user's, NIX_CONFIG."""
    write(tmp_path / "etc/nix.conf", "substituters = file:///machine # why\n\n# no\ntarball-ttl = 7\n")
    write(tmp_path / ".config/nix/nix.conf", "extra-substituters = file:///user  http://x\n")
    found = read(tmp_path, NIX_CONFIG="require-sigs = false\nbinary-caches = a")
    assert found == [
        ("substituters", "file:///machine"),
        ("tarball-ttl", "7"),
        ("extra-substituters", "file:///user http://x"),
        ("require-sigs", "false"),
        ("binary-caches", "a"),
    ]


def test_user_files_that_are_named(tmp_path: Path) -> None:
    """The first wins, so it is read last."""
    one, two = write(tmp_path / "1", "fallback = true"), write(tmp_path / "2", "fallback = false")
    write(tmp_path / ".config/nix/nix.conf", "fallback = never read")
    assert read(tmp_path, NIX_USER_CONF_FILES=f"{one}:{two}") == [("fallback", "false"), ("fallback", "true")]


def test_how_nix_builds_is_nix_s_affair(tmp_path: Path) -> None:
    write(tmp_path / "etc/nix.conf", "sandbox = false\nbuild-users-group = nixbld\nmax-jobs = 64\nextra-sandbox-paths = /x\n")
    assert read(tmp_path) == []


def test_includes(tmp_path: Path) -> None:
    write(tmp_path / "etc/nix.conf", "include more/x.conf\n!include missing.conf\nfallback = true\n")
    write(tmp_path / "etc/more/x.conf", "include y.conf\n")
    write(tmp_path / "etc/more/y.conf", "netrc-file = /n\n")
    assert read(tmp_path) == [("netrc-file", "/n"), ("fallback", "true")]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("substituters file:///x", "illegal configuration line in '{}/etc/nix.conf:1'"),
        ("\nfallback=true", "illegal configuration line in '{}/etc/nix.conf:2'"),
        ("include nowhere", "there is nothing to include in '{}/etc/nowhere'"),
        ("include nix.conf", "files include each other too deeply in '{}/etc/nix.conf:1'"),
    ],
)
def test_what_makes_no_sense(tmp_path: Path, text: str, sentence: str) -> None:
    write(tmp_path / "etc/nix.conf", text)
    with pytest.raises(NixConfError) as caught:
        read(tmp_path)
    assert caught.value.message == sentence.format(tmp_path)
