"""buildImage over a store in a folder (rows 2.004-2.022)."""

import hashlib
from pathlib import Path

import pytest

from imagetools.bundled.builders.docker_tools.root_tree import CollisionError

from .build import build
from .fakes import FakeStore


@pytest.fixture
def store(tmp_path: Path) -> FakeStore:
    made = FakeStore(tmp_path / "store")
    libc = made.add("libc", {"lib": {"libc.so": b"code"}})
    made.add("hello", {"bin": {"hello": b"#!" + libc.encode()}}, [libc])
    made.add("static", {"bin": {"static": b"#!alone"}})
    return made


def test_contents_are_copied_and_their_references_are_in_the_store(store: FakeStore, tmp_path: Path) -> None:
    built = build(store, tmp_path / "out", "single", contents=[store.logical("hello")])
    (layer,) = built.layers
    base = f"nix/store/{store.path_of('libc')}"
    assert list(layer) == [".", "bin", "bin/hello", "nix", "nix/store", base, f"{base}/lib", f"{base}/lib/libc.so"]
    assert [oct(member.mode) for member in layer.values()] == [
        "0o775", "0o555", "0o555", "0o555", "0o555", "0o555", "0o555", "0o444",
    ]  # fmt: skip
    assert {(m.uid, m.gid, m.mtime) for m in layer.values()} == {(0, 0, 1)}
    assert layer["bin/hello"].isfile()
    assert built.read(0, "bin/hello") == b"#!" + store.logical("libc").encode()
    assert built.log == [
        "Adding contents...",
        f"Adding {store.logical('hello')}",
        "Packing layer...",
        "Adding manifests...",
        "Done.",
    ]


def test_a_program_that_refers_to_nothing_brings_no_store(store: FakeStore, tmp_path: Path) -> None:
    (layer,) = build(store, tmp_path / "out", "single", contents=[store.logical("static")]).layers
    assert list(layer) == [".", "bin", "bin/static"]


def test_config_pulls_its_closure(store: FakeStore, tmp_path: Path) -> None:
    built = build(store, tmp_path / "out", "single", config={"Entrypoint": [store.logical("hello") + "/bin/hello"]})
    assert f"nix/store/{store.path_of('hello')}/bin/hello" in built.layers[0]
    assert f"nix/store/{store.path_of('libc')}/lib/libc.so" in built.layers[0]


def test_nothing_at_all_is_an_image_with_one_layer(store: FakeStore, tmp_path: Path) -> None:
    built = build(store, tmp_path / "out", "single")
    assert [list(layer) for layer in built.layers] == [["."]]
    assert built.config["created"] == "1970-01-01T00:00:01Z"
    assert built.config["architecture"] == "amd64"
    assert built.config["config"] == {}


def test_links_to_folders_become_folders(store: FakeStore, tmp_path: Path) -> None:
    env = store.add("env", {"bin": store.logical("hello") + "/bin", "link": "bin/hello"}, [store.logical("hello")])
    (layer,) = build(store, tmp_path / "out", "single", contents=[env]).layers
    assert layer["bin"].isdir() and layer["bin/hello"].isfile()
    assert layer["link"].linkname == "bin/hello"
    assert f"nix/store/{store.path_of('libc')}" in layer  # found in the copied program
    assert f"nix/store/{store.path_of('hello')}" not in layer  # nothing in the copy refers to it any more
    (kept,) = build(store, tmp_path / "kept", "single", contents=[env], keepContentsDirlinks="1").layers
    assert kept["bin"].linkname == store.logical("hello") + "/bin"
    assert f"nix/store/{store.path_of('hello')}" in kept


def test_a_link_to_the_folder_that_holds_it_stays_a_link(store: FakeStore, tmp_path: Path) -> None:
    looped = store.add("looped", {"usr": {"self": ".", "root": "..", "file": b"x"}})
    (layer,) = build(store, tmp_path / "out", "single", contents=[looped]).layers
    assert layer["usr/self"].issym() and layer["usr/root"].issym()


def test_the_later_file_wins(store: FakeStore, tmp_path: Path) -> None:
    first = store.add("first", {"etc": {"motd": b"first", "a": b"a"}})
    second = store.add("second", {"etc": {"motd": b"second"}})
    built = build(store, tmp_path / "out", "single", contents=[first, second])
    assert built.read(0, "etc/motd") == b"second"
    assert built.read(0, "etc/a") == b"a"
    assert f"warning: /etc/motd is taken from {second}/etc/motd; {first}/etc/motd is left out" in built.log


def test_a_file_in_place_of_a_folder_is_an_error(store: FakeStore, tmp_path: Path) -> None:
    first = store.add("first", {"etc": {"motd": b"first"}})
    second = store.add("second", {"etc": b"a file"})
    with pytest.raises(CollisionError) as caught:
        build(store, tmp_path / "out", "single", contents=[first, second])
    assert (
        str(caught.value) == f"the contents of the image collide: '/etc' is a folder in '{first}/etc', but not in '{second}/etc'"
    )


def test_every_collision_is_told(store: FakeStore, tmp_path: Path) -> None:
    first = store.add("first", {"etc": {"deep": {"motd": b"first"}}, "bin": {"x": b"x"}})
    second = store.add("second", {"etc": {"deep": "motd"}})
    third = store.add("third", {"bin": b"", "etc": {"other": b""}})
    with pytest.raises(CollisionError) as caught:
        build(store, tmp_path / "out", "single", contents=[first, second, third])
    assert [str(item) for item in caught.value.collisions] == [
        f"'/etc/deep' is a folder in '{first}/etc/deep', but not in '{second}/etc/deep'",
        f"'/bin' is a folder in '{first}/bin', but not in '{third}/bin'",
    ]


def test_a_part_of_an_object_can_be_copied(store: FakeStore, tmp_path: Path) -> None:
    (layer,) = build(store, tmp_path / "out", "single", contents=[store.logical("hello") + "/bin"]).layers
    assert "hello" in layer and f"nix/store/{store.path_of('libc')}" in layer


def test_contents_that_bring_a_store_of_their_own(store: FakeStore, tmp_path: Path) -> None:
    tree = store.add("tree", {"nix": {"var": {"x": b"x"}, "store": {"y": b"y"}}}, [store.logical("libc")])
    (layer,) = build(store, tmp_path / "out", "single", contents=[tree]).layers
    assert {"nix/var/x", "nix/store/y", f"nix/store/{store.path_of('libc')}"} <= set(layer)


def test_owner_of_the_contents_only(store: FakeStore, tmp_path: Path) -> None:
    (layer,) = build(
        store, tmp_path / "out", "single", contents=[store.logical("hello")], uid="1000", gid="1000", uname=""
    ).layers
    assert layer["bin/hello"].uid == 1000 and layer["bin/hello"].uname == ""
    assert layer["nix"].uid == 0


def test_created_now_changes_the_config_alone(store: FakeStore, tmp_path: Path) -> None:
    still = build(store, tmp_path / "still", "single", contents=[store.logical("hello")])
    now = build(store, tmp_path / "now", "single", contents=[store.logical("hello")], created="now")
    assert now.config["created"] > "2024"
    assert now.tars == still.tars


def test_what_is_written_is_what_was_promised(store: FakeStore, tmp_path: Path) -> None:
    """A fixed small image. Other bytes than these: raise builderVersion in default.nix and BUILDER_VERSION in request.py."""
    built = build(
        store,
        tmp_path / "out",
        "single",
        contents=[store.logical("hello")],
        config={"Cmd": ["/bin/hello"], "Env": ["A=ü"], "ExposedPorts": {"80/tcp": {}}},
    )
    assert hashlib.sha256(built.archive).hexdigest() == "8aadb385ac602ba7ec8967fa31604bb1601cd7e5bdb7677d1e322b4cf1bf0714"
    layered = build(store, tmp_path / "layered", "layered", contents=[store.logical("hello")])
    assert hashlib.sha256(layered.archive).hexdigest() == "7c40f92e23c341ee5a3d7ce6bfae1251c700af78dc9af87ce2578e012f35acee"


def test_the_compressed_bytes_are_pinned(store: FakeStore, tmp_path: Path) -> None:
    """The compressors are pinned (docs/decisions/0003). Other bytes than these: raise builderVersion, as above."""
    digests = {}
    for compressor in ("gz", "zstd"):
        out = tmp_path / compressor
        build(store, out, "layered", contents=[store.logical("hello")], compressor=compressor)
        digests[compressor] = hashlib.sha256(out.read_bytes()).hexdigest()
    assert digests == {
        "gz": "d0a0bb6bf0ae8b7c40aecace46690f0cea0897469a6a7190fb763329d675a01d",
        "zstd": "76f168b8a140363304bdd85a75170408982559502b1f14e1df6581e6a559e8d3",
    }
