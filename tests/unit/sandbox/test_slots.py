"""Build users: a spare uid each, never twice."""

import os
from pathlib import Path

import pytest

from imagetools.sandbox.owners import change_owner
from imagetools.sandbox.slots import NoSlotError, Slots

AS_ROOT = os.geteuid() == 0


@pytest.mark.skipif(AS_ROOT, reason="for ordinary users")
def test_an_ordinary_user_keeps_its_own(tmp_path: Path) -> None:
    with Slots(str(tmp_path)).take() as identity:
        assert (identity.uid, identity.gid, identity.spare) == (os.geteuid(), os.getegid(), False)


@pytest.mark.skipif(not AS_ROOT, reason="needs root")
def test_two_holders_never_share(tmp_path: Path) -> None:
    one, two = Slots(str(tmp_path)), Slots(str(tmp_path))
    with one.take() as a, two.take() as b, one.take() as c:
        assert len({a.uid, b.uid, c.uid}) == 3
        assert all(identity.spare and identity.uid >= 30001 and identity.gid == identity.uid for identity in (a, b, c))
    with two.take() as again:
        assert again.uid == a.uid


@pytest.mark.skipif(not AS_ROOT, reason="needs root")
def test_when_all_are_taken(tmp_path: Path) -> None:
    slots = Slots(str(tmp_path), count=1)
    with slots.take(), pytest.raises(NoSlotError, match="all of 30001 to 30001 are taken"), slots.take():
        pass


@pytest.mark.skipif(not AS_ROOT, reason="needs root")
def test_accounts_of_the_host_are_skipped(tmp_path: Path) -> None:
    with Slots(str(tmp_path), first=65534, count=2).take() as identity:
        assert identity.uid == 65535


@pytest.mark.skipif(not AS_ROOT, reason="needs root")
def test_owners_change_in_trees_of_every_shape(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    tree = tmp_path / "tree"
    (tree / "a/b/c").mkdir(parents=True)
    (tree / "a/b/file").touch()
    (tree / "a/link").symlink_to(outside)
    (tree / "z").mkdir(mode=0)
    change_owner(str(tree), 30001, 30002)
    found = [tree, *tree.rglob("*")]
    assert len(found) == 7
    assert {(path.lstat().st_uid, path.lstat().st_gid) for path in found} == {(30001, 30002)}
    assert outside.stat().st_uid == 0
    change_owner(str(tree / "a/link"), 1, 1)
    assert ((tree / "a/link").lstat().st_uid, outside.stat().st_uid) == (1, 0)
