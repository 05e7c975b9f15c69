"""Settings from an environment: defaults, overrides, and values that make no sense."""

import os
import pwd

import pytest

from imagetools.app.settings import SettingError, home_of, read_settings, store_root


def test_defaults_follow_the_home_folder() -> None:
    settings = read_settings({"HOME": "/home/ann"})
    assert settings.root == "/home/ann/.local/share/imagetools"
    assert settings.cache == "/home/ann/.cache/imagetools"
    assert settings.store_dir == "/nix/store"
    assert settings.sandbox
    assert settings.cores >= 1


@pytest.mark.parametrize("environment", [{}, {"HOME": ""}])
def test_without_home_the_user_database_is_asked(environment: dict[str, str]) -> None:
    assert read_settings(environment).home == pwd.getpwuid(os.getuid()).pw_dir


def test_a_user_whom_nobody_knows_must_name_a_home() -> None:
    with pytest.raises(SettingError, match="HOME is '', but it must be set: the user database knows no user 4000000000"):
        home_of(4_000_000_000)


def test_xdg_and_own_variables_win() -> None:
    settings = read_settings(
        {"HOME": "/h", "XDG_DATA_HOME": "/d", "XDG_CACHE_HOME": "/c", "IMAGETOOLS_STORE": "/s", "IMAGETOOLS_SANDBOX": "0"}
    )
    assert (settings.root, settings.cache, settings.sandbox) == ("/s", "/c/imagetools", False)


def test_relative_folders() -> None:
    settings = read_settings({"HOME": "/h", "XDG_DATA_HOME": "d", "XDG_CACHE_HOME": "./c"})
    assert (settings.root, settings.cache) == ("/h/.local/share/imagetools", "/h/.cache/imagetools")
    with pytest.raises(SettingError, match="HOME is 'h', but it must be an absolute path"):
        read_settings({"HOME": "h"})


@pytest.mark.parametrize(
    ("name", "value"), [("IMAGETOOLS_SANDBOX", "yes"), ("NIX_BUILD_CORES", "many"), ("IMAGETOOLS_JOBS", "-1")]
)
def test_nonsense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        read_settings({"HOME": "/h", name: value})


def test_store_root_takes_folders_and_nix_spelling() -> None:
    assert store_root("local") == "/"
    assert store_root("local?root=/x/y") == "/x/y"
    assert store_root("/x/../y") == "/y"


def test_command_line_changes() -> None:
    settings = read_settings({"HOME": "/h", "NIX_PATH": "a=/a"}).changed(
        include=["b=/b"], sandbox=False, max_jobs=3, system="aarch64-linux"
    )
    assert (settings.include, settings.nix_path) == (("b=/b",), "a=/a")
    assert (settings.sandbox, settings.max_jobs, settings.system) == (False, 3, "aarch64-linux")
