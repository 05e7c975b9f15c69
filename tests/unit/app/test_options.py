"""``--option``: every name of the table does what it says, and what makes no sense is a warning."""

from pathlib import Path

import pytest

from imagetools.app.options import OLD, QUIET, TABLE, WITHOUT_EFFECT, with_options
from imagetools.app.settings import Settings, cpu_count

PLAIN = Settings(root="/r", cache="/c", home="/h")


def changed(*options: tuple[str, str]) -> tuple[Settings, list[str]]:
    said: list[str] = []
    return with_options(PLAIN, options, said.append), said


def test_the_table_names_fields_that_exist_and_no_name_twice() -> None:
    names = set(Settings._fields)
    assert all(set(made) <= names for made, _ in TABLE.values())
    assert not set(TABLE) & WITHOUT_EFFECT
    assert not set(TABLE) & set(OLD)
    assert set(OLD.values()) <= set(TABLE) | QUIET


@pytest.mark.parametrize(
    ("name", "value", "field", "wanted"),
    [
        ("cores", "3", "cores", 3),
        ("cores", "0", "cores", cpu_count()),
        ("build-cores", "3", "cores", 3),
        ("max-jobs", "auto", "max_jobs", cpu_count()),
        ("max-jobs", "0", "max_jobs", 0),
        ("timeout", "60", "timeout", 60),
        ("max-silent-time", "5", "max_silent", 5),
        ("max-build-log-size", "10K", "max_log", 10240),
        ("keep-going", "true", "keep_going", True),
        ("keep-failed", "yes", "keep_failed", True),
        ("allow-import-from-derivation", "false", "import_from_derivation", False),
        ("abort-on-warn", "true", "abort_on_warn", True),
        ("trace-verbose", "true", "trace_verbose", True),
        ("tarball-ttl", "0", "tarball_ttl", 0),
        ("access-tokens", "h=t g.example=a=b", "access_tokens", (("h", "t"), ("g.example", "a=b"))),
        ("allow-dirty", "false", "allow_dirty", False),
        ("warn-dirty", "false", "warn_dirty", False),
        ("allowed-uris", "http://a https://b", "allowed_uris", ("http://a", "https://b")),
        ("hashed-mirrors", "", "hashed_mirrors", ()),
        ("system-features", "kvm big-parallel", "features", ("kvm", "big-parallel")),
        ("extra-platforms", "i686-linux", "extra_systems", ("i686-linux",)),
        ("restrict-eval", "1", "restricted", True),
        ("pure-eval", "true", "pure", True),
        ("netrc-file", "/n", "netrc", "/n"),
        ("ssl-cert-file", "/s", "ca_file", "/s"),
        ("store", "local", "root", "/"),
        ("nix-path", "a=/a b=/b", "nix_path", "a=/a:b=/b"),
    ],
)
def test_an_option_changes_its_field(name: str, value: str, field: str, wanted: object) -> None:
    settings, said = changed((name, value))
    assert getattr(settings, field) == wanted
    assert said == []


@pytest.mark.parametrize(("value", "wanted"), [("true", (True, False)), ("false", (False, False)), ("relaxed", (True, True))])
def test_the_sandbox_has_three_states(value: str, wanted: tuple[bool, bool]) -> None:
    settings, _ = changed(("sandbox", value))
    assert (settings.sandbox, settings.relaxed) == wanted


def test_lists_can_be_added_to_and_the_last_value_wins() -> None:
    settings, said = changed(
        ("system-features", "a"), ("extra-system-features", "b c"), ("extra-allowed-uris", "x"), ("cores", "2"), ("cores", "5")
    )
    assert (settings.features, settings.allowed_uris, settings.cores) == (("a", "b", "c"), ("x",), 5)
    assert said == []


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("no-such-setting", "1", "unknown setting 'no-such-setting'"),
        ("extra-cores", "1", "unknown setting 'extra-cores'"),
        ("keep-going", "maybe", "Boolean setting 'keep-going' has invalid value 'maybe'"),
        ("cores", "abc", "setting 'cores' has invalid value 'abc'"),
        ("cores", "-1", "setting 'cores' has invalid value '-1'"),
        ("cores", "", "setting 'cores' has invalid value ''"),
        ("sandbox", "maybe", "option 'sandbox' has invalid value 'maybe'"),
        ("access-tokens", "s3cret", "setting 'access-tokens' has invalid value '***'"),
        ("builders", "x", "setting 'builders' has no effect in imagetools"),
        ("extra-trusted-users", "x", "setting 'extra-trusted-users' has no effect in imagetools"),
    ],
)
def test_what_makes_no_sense_is_said_and_changes_nothing(name: str, value: str, sentence: str) -> None:
    assert changed((name, value)) == (PLAIN, [sentence])


def test_every_setting_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs/building.md").read_text()
    assert [name for name in TABLE if f"`{name}`" not in text] == []


def test_what_scripts_say_out_of_habit_is_taken_in_silence() -> None:
    assert changed(("print-missing", "false")) == (PLAIN, [])


def test_binary_caches_under_old_and_new_names() -> None:
    settings, said = changed(
        ("substituters", "file:///a"),
        ("extra-substituters", "http://b http://c"),
        ("extra-binary-caches", "http://d"),
        ("trusted-public-keys", "k:a"),
        ("extra-binary-cache-public-keys", "l:b"),
        ("build-use-substitutes", "false"),
        ("require-sigs", "false"),
        ("fallback", "true"),
        ("secret-key-files", "/k"),
    )
    assert said == []
    assert settings.substituters == ("file:///a", "http://b", "http://c", "http://d")
    assert settings.trusted_public_keys == ("k:a", "l:b")
    assert (settings.substitute, settings.require_sigs, settings.fallback) == (False, False, True)
    assert settings.secret_key_files == ("/k",)
