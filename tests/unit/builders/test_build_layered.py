"""buildLayeredImage over a store in a folder (rows 2.024-2.040)."""

import hashlib
from pathlib import Path

import pytest

from imagetools.bundled.builders.docker_tools.root_tree import NoFolderError

from .build import build
from .fakes import FakeStore


@pytest.fixture
def store(tmp_path: Path) -> FakeStore:
    made = FakeStore(tmp_path / "store")
    libc = made.add("libc", {"lib": {"libc.so": b"code"}})
    bash = made.add("bash", {"bin": {"bash": b"#!elf", "sh": "bash"}}, [libc])
    made.add("hello", {"bin": {"hello": b"#!elf"}, "share": {"doc": {"hello.txt": b"text"}}}, [libc, bash])
    made.add("unused", {"bin": {"unused": b"#!"}})
    return made


def test_popular_paths_lie_lowest_and_links_on_top(store: FakeStore, tmp_path: Path) -> None:
    built = build(store, tmp_path / "out", "layered", contents=[store.logical("hello")])
    names = ["libc", "bash", "hello"]
    assert [f"nix/store/{store.path_of(name)}" in layer for name, layer in zip(names, built.layers, strict=False)] == [True] * 3
    assert len(built.layers) == 4
    top = built.layers[-1]
    assert top["bin/hello"].linkname == store.logical("hello") + "/bin/hello"
    assert top["share/doc/hello.txt"].linkname == store.logical("hello") + "/share/doc/hello.txt"
    assert top["share/doc"].isdir() and top["share/doc"].mode == 0o755
    assert built.log == [
        f"Creating layer 1 from paths: ['{store.logical('libc')}']",
        f"Creating layer 2 from paths: ['{store.logical('bash')}']",
        f"Creating layer 3 from paths: ['{store.logical('hello')}']",
        "Creating layer 4 with customisation...",
        "Adding manifests...",
        "Done.",
    ]
    assert built.manifest["RepoTags"] == ["test:1"]
    assert [item.get("comment") for item in built.config["history"]][-1] == "customisation layer"


def test_modes_owner_and_times_are_those_of_a_store(store: FakeStore, tmp_path: Path) -> None:
    built = build(store, tmp_path / "out", "layered", contents=[store.logical("bash")])
    layer = built.layers[1]
    base = f"nix/store/{store.path_of('bash')}"
    assert list(layer) == ["nix", "nix/store", base, f"{base}/bin", f"{base}/bin/bash", f"{base}/bin/sh"]
    assert [oct(member.mode) for member in layer.values()] == ["0o755", "0o755", "0o555", "0o555", "0o555", "0o777"]
    assert {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in layer.values()} == {(0, 0, "root", "root", 1)}
    assert layer[f"{base}/bin/sh"].linkname == "bash"


def test_config_alone_pulls_its_closure(store: FakeStore, tmp_path: Path) -> None:
    built = build(store, tmp_path / "out", "layered", config={"Cmd": [store.logical("hello") + "/bin/hello"]})
    assert len(built.layers) == 4
    assert list(built.layers[-1]) == ["."]
    assert built.config["config"] == {"Cmd": [store.logical("hello") + "/bin/hello"]}
    assert built.config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in built.tars]


def test_the_same_store_path_is_the_same_layer_in_two_images(store: FakeStore, tmp_path: Path) -> None:
    one = build(store, tmp_path / "one", "layered", contents=[store.logical("hello")])
    two = build(store, tmp_path / "two", "layered", imageName="other", config={"Cmd": [store.logical("bash")]})
    assert one.config["rootfs"]["diff_ids"][:2] == two.config["rootfs"]["diff_ids"][:2]


@pytest.mark.parametrize(("most", "sizes"), [(2, [3]), (3, [1, 2]), (4, [1, 1, 1]), (5, [1, 1, 1]), (400, [1, 1, 1])])
def test_max_layers(store: FakeStore, tmp_path: Path, most: int, sizes: list[int]) -> None:
    built = build(store, tmp_path / "out", "layered", contents=[store.logical("hello")], maxLayers=most)
    found = [sum(1 for name in layer if name.startswith("nix/store/") and name.count("/") == 2) for layer in built.layers]
    assert found == [*sizes, 0]
    assert any("at most 125" in line for line in built.log) == (most == 400)


def test_without_store_paths_only_the_links_remain(store: FakeStore, tmp_path: Path) -> None:
    built = build(store, tmp_path / "out", "layered", contents=[store.logical("hello")], includeStorePaths="")
    assert len(built.layers) == 1
    assert "bin/hello" in built.layers[0]


def test_no_tag_means_the_hash_of_the_output(store: FakeStore, tmp_path: Path) -> None:
    built = build(store, tmp_path / "out", "layered", imageTag="")
    assert built.manifest["RepoTags"] == [f"test:{store.path_of('image.tar.gz').hash_part}"]


def test_owner_of_the_store(store: FakeStore, tmp_path: Path) -> None:
    built = build(
        store, tmp_path / "out", "layered", contents=[store.logical("bash")], uid="1000", gid="100", uname="user", gname="users"
    )
    assert {(m.uid, m.gid, m.uname, m.gname) for m in built.layers[0].values()} == {(1000, 100, "user", "users")}
    assert {(m.uid, m.gid) for m in built.layers[-1].values()} == {(0, 0)}


@pytest.mark.parametrize("compressor", ["none", "gz", "zstd"])
def test_compressors_hold_the_same_archive(store: FakeStore, tmp_path: Path, compressor: str) -> None:
    plain = build(store, tmp_path / "plain", "layered", compressor="none")
    assert (tmp_path / "plain").read_bytes() == plain.archive
    assert build(store, tmp_path / "out", "layered", compressor=compressor).archive == plain.archive


def test_a_link_follows_where_the_package_is_linked(store: FakeStore, tmp_path: Path) -> None:
    env = store.add("env", {"bin": store.logical("bash") + "/bin", "up": {"out": "../../x"}}, [store.logical("bash")])
    built = build(store, tmp_path / "out", "layered", contents=[env])
    top = built.layers[-1]
    assert top["bin"].linkname == store.logical("bash") + "/bin"
    assert top["up/out"].linkname == env + "/up/out"  # its text would mean something else in the image's root
    assert f"nix/store/{store.path_of('env')}" in {name for layer in built.layers for name in layer}


def test_a_linked_folder_opens_where_another_package_has_files(store: FakeStore, tmp_path: Path) -> None:
    env = store.add("env", {"bin": store.logical("bash") + "/bin"}, [store.logical("bash")])
    for order in ([env, store.logical("hello")], [store.logical("hello"), env]):
        top = build(store, tmp_path / "out", "layered", contents=order).layers[-1]
        assert top["bin"].isdir()
        assert top["bin/hello"].linkname == store.logical("hello") + "/bin/hello"
        assert top["bin/bash"].linkname == store.logical("bash") + "/bin/bash"


def test_the_first_of_two_equal_names_wins_and_the_log_says_so(store: FakeStore, tmp_path: Path) -> None:
    other = store.add("other", {"bin": {"hello": b"#!other"}, "share": b"a file"})
    built = build(store, tmp_path / "out", "layered", contents=[store.logical("hello"), other])
    assert built.layers[-1]["bin/hello"].linkname == store.logical("hello") + "/bin/hello"
    assert f"warning: /bin/hello is taken from {store.logical('hello')}/bin/hello; {other}/bin/hello is left out" in built.log
    assert f"warning: /share is taken from {store.logical('hello')}/share; {other}/share is left out" in built.log


def test_a_file_cannot_be_contents(store: FakeStore, tmp_path: Path) -> None:
    text = store.add("text", b"words")
    with pytest.raises(NoFolderError) as caught:
        build(store, tmp_path / "out", "layered", contents=[text])
    assert str(caught.value) == f"'{text}' cannot be the contents of an image: it is not a folder"
    assert caught.value.hint is not None
    with pytest.raises(NoFolderError) as caught:
        build(store, tmp_path / "out", "layered", contents=[str(tmp_path)])
    assert str(caught.value) == f"'{tmp_path}' cannot be the contents of an image: it is not in the store"
