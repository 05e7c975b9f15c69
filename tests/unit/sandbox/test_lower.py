"""The new root as data."""

from imagetools.sandbox.lower import HOSTS, NSSWITCH, lower, personality, uncovered
from imagetools.sandbox.ports import Bind, BuildRequest


def request(*binds: Bind, network: bool = False) -> BuildRequest:
    return BuildRequest("x.drv", "/bin/sh", ("sh",), {}, "/s", "/nix/store", "/r/nix/store", {}, binds=binds, network=network)


def test_regular_root() -> None:
    root = lower(request(Bind("/r/nix/store/a", "/nix/store/a")))
    assert dict(root.files)["/etc/hosts"] == HOSTS
    assert "/etc/nsswitch.conf" not in dict(root.files)
    assert Bind("/r/nix/store/a", "/nix/store/a") in root.binds
    assert [bind.target for bind in root.binds if bind.target.startswith("/dev")] == [
        "/dev/full",
        "/dev/null",
        "/dev/random",
        "/dev/tty",
        "/dev/urandom",
        "/dev/zero",
    ]
    assert dict(root.folders)["/proc"] == 0o555


def test_root_of_a_fixed_output() -> None:
    root = lower(request(network=True))
    assert dict(root.files)["/etc/nsswitch.conf"] == NSSWITCH
    assert "/etc/hosts" not in dict(root.files)
    assert {bind.target for bind in root.binds if bind.optional} == {"/etc/resolv.conf", "/etc/services", "/etc/hosts"}


def test_binds_that_another_shows_anyway_go() -> None:
    binds = [
        Bind("/usr/lib/x", "/usr/lib/x"),
        Bind("/usr", "/usr"),
        Bind("/opt/x", "/usr/lib/y"),
        Bind("/a-b", "/a-b"),
        Bind("/a", "/a"),
    ]
    assert [bind.target for bind in uncovered(binds)] == ["/a", "/a-b", "/usr", "/usr/lib/y"]


def test_the_last_bind_for_a_target_wins() -> None:
    assert uncovered([Bind("/a", "/x"), Bind("/b", "/x")]) == (Bind("/b", "/x"),)


def test_writable_binds_stay() -> None:
    assert len(uncovered([Bind("/a", "/a"), Bind("/a/b", "/a/b", read_only=False)])) == 2


def test_personality() -> None:
    assert personality("i686-linux", "x86_64")[0]
    assert not personality("x86_64-linux", "x86_64")[0]
