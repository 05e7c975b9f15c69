"""The derivations of an evaluation: hashed once, written together, read back from the store."""

from pathlib import Path

import pytest

from imagetools.store.ports import TextObject
from tests.unit.instantiate.session import Session

CHAIN = """
let
  d = name: dep: derivation { inherit name dep; system = "s"; builder = "b"; };
  chain = n: if n == 0 then d "end" null else d "link-${toString n}" (chain (n - 1));
in
(chain %d).drvPath
"""


def test_nothing_is_written_before_flush_and_everything_after(tmp_path: Path) -> None:
    session = Session(tmp_path)
    path = session.shown(CHAIN % 5).strip('"')
    store_path = session.store.store_dir.parse(path)
    assert not session.store.is_valid(store_path)
    assert session.known.is_known(store_path)
    session.known.flush()
    assert session.store.is_valid(store_path)
    assert len(session.store.closure([store_path]).members) == 6
    assert session.store.read_derivation(store_path).outputs == session.known.get(path).outputs
    assert Session(tmp_path).known.get(path).outputs == session.known.get(path).outputs


def test_a_derivation_of_an_earlier_evaluation_is_hashed_from_its_file(tmp_path: Path) -> None:
    first = Session(tmp_path)
    path = first.shown(CHAIN % 40).strip('"')
    first.known.flush()
    second = Session(tmp_path)
    assert second.known.hash_of(path) == first.known.hash_of(path)
    text = f"""derivation {{ name = "x"; system = "s"; builder = "b";
      dep = builtins.appendContext "" {{ "{path}" = {{ outputs = [ "out" ]; }}; }}; }}"""
    assert second.shown(f"({text}).drvPath") == first.shown(f"({text}).drvPath")


def test_requisites_of_what_is_not_written_yet(tmp_path: Path) -> None:
    session = Session(tmp_path)
    path = session.shown(CHAIN % 2).strip('"')
    names = [text.split("-", 1)[1] for text in session.known.requisites(path)]
    assert sorted(names) == ["end.drv", "link-1.drv", "link-2.drv"]
    session.known.flush()
    assert session.known.requisites(path) == Session(tmp_path).known.requisites(path)


def test_what_will_not_be_written_is_known_all_the_same(tmp_path: Path) -> None:
    reading, writing = Session(tmp_path, read_only=True), Session(tmp_path)
    text = f'''"${{builtins.toFile "t" "x"}} ${{{CHAIN % 2}}}"'''
    assert reading.shown(text) == writing.shown(text)
    path = reading.shown(CHAIN % 2).strip('"')
    assert reading.known.requisites(path) == writing.known.requisites(path)
    assert reading.known.get(path).output_paths() == writing.known.get(path).output_paths()
    with pytest.raises(AssertionError):
        reading.known.flush()


def test_the_same_text_twice_is_one(tmp_path: Path) -> None:
    known = Session(tmp_path).known
    assert known.add_text(TextObject("a", b"x")) == known.add_text(TextObject("a", b"x"))
    assert known.add_text(TextObject("b", b"x")) != known.add_text(TextObject("a", b"x"))
