"""``path``, ``filterSource``, ``toFile`` and ``storePath`` over a real store.

That their paths are Nix's is shown in tests/oracle/test_instantiate.py.
"""

from pathlib import Path

import pytest

from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.runtime.errors import EvalError
from imagetools.store.ports import StoreError
from tests.unit.instantiate.session import Session


@pytest.fixture
def session(tmp_path: Path) -> Session:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/keep").write_text("k")
    (tmp_path / "tree/drop").write_text("d")
    (tmp_path / "tree/sub").mkdir()
    (tmp_path / "tree/sub/inner").write_text("i")
    (tmp_path / "tree/link").symlink_to("keep")
    return Session(tmp_path)


def files(session: Session, text: str) -> set[str]:
    """What the object holds that an expression names."""
    value = session.shown(text).strip('"')
    place = Path(str(session.folder / "root") + value)
    return {str(path.relative_to(place)) for path in place.rglob("*")}


def test_a_filter_sees_logical_paths_and_kinds(session: Session) -> None:
    text = """builtins.filterSource
      (path: type: builtins.trace "${toString path} ${type}" (baseNameOf path != "drop" && type != "symlink")) ./tree"""
    assert files(session, text) == {"keep", "sub", "sub/inner"}
    tree = f"{session.folder}/tree"
    assert sorted(session.said) == sorted(
        f"trace: {tree}/{line}" for line in ("drop regular", "keep regular", "link symlink", "sub directory", "sub/inner regular")
    )


def test_a_refused_folder_is_not_looked_into(session: Session) -> None:
    assert files(session, 'builtins.path { path = ./tree; filter = p: t: t != "directory" || baseNameOf p == "tree"; }') == {
        "keep",
        "drop",
        "link",
    }


def test_a_filter_over_a_store_object_sees_its_store_path(session: Session) -> None:
    text = (
        'builtins.filterSource (p: t: builtins.trace p (baseNameOf p == "keep")) (builtins.path { path = ./tree; name = "t"; })'
    )
    assert files(session, text) == {"keep"}
    assert all(line.startswith("trace: /nix/store/") for line in session.said)


def test_names_and_hashes(session: Session) -> None:
    path = session.shown('builtins.path { path = ./tree/keep; name = "renamed"; recursive = false; }').strip('"')
    assert path.endswith("-renamed")
    good = "8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a"  # sha256 of "k"
    assert (
        session.shown(f'builtins.path {{ path = ./tree/keep; name = "renamed"; recursive = false; sha256 = "{good}"; }}')
        == f'"{path}"'
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("builtins.path { }", "missing required 'path' attribute"),
        ("builtins.path { path = ./tree; other = 1; }", "unsupported argument 'other'"),
        ('builtins.path { path = "relative"; }', "doesn't represent an absolute path"),
        ("builtins.path { path = ./missing; }", "does not exist"),
        ("builtins.path { path = ./tree; recursive = false; }", "tree"),
        ('builtins.path { path = ./tree; name = "a b"; }', "illegal character"),
        (f'builtins.path {{ path = ./tree/keep; sha256 = "{"0" * 64}"; }}', "store path mismatch"),
        ('builtins.toFile "a/b" ""', "illegal character"),
        (
            'builtins.toFile "x" (derivation { name = "x"; system = "s"; builder = "b"; }).outPath',
            "may not reference derivations",
        ),
        ("builtins.storePath ./tree", "is not in the Nix store"),
        ('builtins.storePath "/nix/store/00000000000000000000000000000000-x"', "is not valid"),
    ],
)
def test_what_is_refused(text: str, message: str, session: Session) -> None:
    with pytest.raises(ImagetoolsError, match=message):
        session.shown(text)


def test_store_paths_and_links_to_them(session: Session) -> None:
    path = session.shown('"${./tree}"').strip('"')
    assert session.shown(f'builtins.storePath "{path}/sub"') == f'"{path}/sub"'
    (session.folder / "result").symlink_to(path)
    assert session.shown("builtins.storePath ./result") == f'"{path}"'
    assert session.shown(f'builtins.attrNames (builtins.getContext (builtins.storePath "{path}/sub"))') == f'[ "{path}" ]'


def test_a_store_that_cannot_be_written_is_no_matter_of_the_definition(session: Session) -> None:
    (session.folder / "root").write_text("no folder")
    with pytest.raises(StoreError) as caught:
        session.shown('(derivation { name = "x"; system = "s"; builder = "b"; source = ./tree; }).drvPath')
    assert not isinstance(caught.value, EvalError)
    assert caught.value.message == f"cannot write '{session.folder}/root/nix': Not a directory"


@pytest.mark.parametrize("read_only", [True, False])
def test_a_text_of_the_same_evaluation_can_be_copied(tmp_path: Path, read_only: bool) -> None:
    session = Session(tmp_path, read_only=read_only)
    for text, path in (
        ('builtins.path { path = TEXT; name = "copy"; }', "x46n9lipd441z3mx7qmvm4m1ngb4b4bn-copy"),
        ('builtins.path { path = TEXT; name = "copy"; recursive = false; }', "hrfdk7b27bbgng40d74i99fh6w0xc1nk-copy"),
        ("builtins.filterSource (path: type: true) TEXT", "2j2l34ic44jrr0vb4jyvddgb8hia7zc9-6hw8m37qkf2fkz5cj7k3nfavjqr9k9bz-g"),
    ):
        assert session.shown(text.replace("TEXT", '(builtins.toFile "g" "x")')) == f'"/nix/store/{path}"'
    referring = 'builtins.path { path = builtins.toFile "g" "uses ${builtins.toFile "f" "t"}"; name = "copy"; }'
    assert session.shown(referring) == '"/nix/store/0q65ihbfxzdygm0ij4c0v389xzswg7f9-copy"'


def test_where_nothing_is_written_nobody_asks_whether_a_store_path_is_valid(tmp_path: Path) -> None:
    path = '"/nix/store/00000000000000000000000000000000-x"'
    assert Session(tmp_path, read_only=True).shown(f"builtins.storePath {path}") == path
