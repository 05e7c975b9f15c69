"""fetchzip beside nixpkgs' steps with the real programs: GNU tar, Info-ZIP's zip and unzip, nix-hash, nix-prefetch-url."""

import functools
import http.server
import os
import shutil
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imagetools.archive.unpack import UnpackPolicy
from imagetools.bundled.fetchers.archives import unpack_into
from imagetools.bundled.fetchers.fetchzip.fetch_zip import lift_root
from imagetools.store.fs_nar import nar_hash
from tests.oracle.commands import imagetools, nix
from tests.oracle.packages import Furnish
from tests.oracle.peers import need
from tests.unit.archive.packers import compress
from tests.unit.archive.zips import FAT, Item, archive, folder, link

pytestmark = pytest.mark.oracle
STEPS = """
set -eu
umask 022
mkdir unpack
cd unpack
case "$1" in
  *.zip) LC_ALL=C.UTF-8 unzip -qq "$1" < /dev/null ;;
  *) tar xf "$1" ;;
esac
chmod -R +w .
[ $(ls -A | wc -l) = 1 ]
fn=$(ls -A)
if [ -f "$fn" ]; then mkdir ../out; fi
mv -- "$fn" ../out
chmod 755 ../out
"""
FORMATS = ["v7", "oldgnu", "gnu", "ustar", "pax"]
SPARSE = [
    ("oldgnu", ["-S"]),
    ("gnu", ["-S"]),
    *(("pax", ["-S", f"--sparse-version={version}"]) for version in ("0.0", "0.1", "1.0")),
]


def by_the_programs(packed: Path, place: Path) -> str:
    """The hash that the steps of nixpkgs lead to."""
    place.mkdir()
    done = subprocess.run(["bash", "-c", STEPS, "steps", str(packed)], cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    words = ["nix-hash", "--type", "sha256", "--base32", str(place / "out")]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def by_us(packed: Path, place: Path) -> str:
    place.mkdir()
    unpack_into(str(packed), str(place), packed.name, UnpackPolicy(stripped=1, final=True))
    lift_root(str(place))
    return nar_hash(str(place))[0].base32()


def agree(packed: Path) -> None:
    place = packed.parent
    assert by_us(packed, place / f"{packed.name}.ours") == by_the_programs(packed, place / f"{packed.name}.theirs")


@pytest.fixture(autouse=True)
def programs() -> None:
    need("tar", "unzip", "zip", "nix-hash", "gzip", "bzip2", "xz", "zstd")


def make_tree(root: Path, *, plain: bool = False) -> None:
    """Everything that a source tree has; ``plain`` without what old formats cannot hold."""
    root.mkdir()
    for number, mode in enumerate([0o644, 0o755, 0o700, 0o600, 0o444, 0o555, 0o654, 0o611, 0o775, 0o4755, 0o2755, 0o1644]):
        (root / f"mode{number}").write_text(f"{mode}\n" * number)
        (root / f"mode{number}").chmod(mode)
    (root / "empty").touch()
    (root / "folder" / "deep" / "deeper").mkdir(parents=True)
    (root / "folder" / "empty").mkdir()
    (root / "folder" / "closed").mkdir(mode=0o500)
    (root / "folder" / "big").write_bytes(bytes(range(256)) * 5000)
    (root / "link").symlink_to("folder/big")
    (root / "folder" / "up").symlink_to("../mode0")
    (root / "dangling").symlink_to("nothing here")
    os.link(root / "mode1", root / "folder" / "hard")
    os.link(root / "link", root / "folder-link", follow_symlinks=False)
    for size in (99, 100, 101):
        (root / ("n" * (size - len(root.name) - 1))).write_text("long name") if size < 100 or not plain else None
    if not plain:
        (root / ("f" * 60) / ("g" * 60)).mkdir(parents=True)
        (root / ("f" * 60) / ("g" * 60) / ("h" * 30)).write_text("long path")
        (root / ("l" * 90)).symlink_to("t" * 90)
    with open(root / "sparse", "wb") as file:
        for place in (0, 1 << 18, 1 << 19, 3 << 18, 1 << 20, 5 << 18):
            file.seek(place)
            file.write(b"data" * 1024)
        file.truncate(2 << 20)


def names_of_bytes(root: Path) -> None:
    for name in ("ümläut", "with space", "new\nline", "\udcff\udcfe", "-dash", "tab\tq'\"$x;1"):
        (root / name).write_text("name")


@pytest.mark.parametrize(("form", "options"), [*((form, []) for form in FORMATS), *SPARSE])
def test_tar_of_every_format(tmp_path: Path, form: str, options: list[str]) -> None:
    make_tree(tmp_path / "pkg-1.0", plain=form == "v7")
    names_of_bytes(tmp_path / "pkg-1.0")
    packed = tmp_path / "x.tar"
    subprocess.run(["tar", f"--format={form}", *options, "-cf", packed, "-C", tmp_path, "pkg-1.0"], check=True)
    agree(packed)


@pytest.mark.parametrize("form", ["gnu", "pax"])
def test_very_long_names(tmp_path: Path, form: str) -> None:
    deep = tmp_path / "p"
    for _ in range(8):
        deep /= "d" * 200
    deep.mkdir(parents=True)
    (deep / "x").symlink_to("y" * 1000)
    (tmp_path / "p" / ("é" * 127)).write_text("x")
    subprocess.run(["tar", f"--format={form}", "-czf", tmp_path / "x.tar.gz", "-C", tmp_path, "p"], check=True)
    agree(tmp_path / "x.tar.gz")


@pytest.mark.parametrize(("option", "ending"), [("-z", "gz"), ("-j", "bz2"), ("-J", "xz"), ("--zstd", "zst"), ("--lzma", "lzma")])
def test_tar_of_every_compression(tmp_path: Path, option: str, ending: str) -> None:
    make_tree(tmp_path / "pkg")
    subprocess.run(["tar", option, "-cf", tmp_path / f"x.tar.{ending}", "-C", tmp_path, "pkg"], check=True)
    agree(tmp_path / f"x.tar.{ending}")


def test_tar_of_compress(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "x").write_text("some text " * 5000)
    data = subprocess.run(["tar", "-cf", "-", "-C", tmp_path, "p"], check=True, capture_output=True).stdout
    packed = compress(data)
    assert subprocess.run(["gzip", "-dc"], input=packed, capture_output=True, check=True).stdout == data
    (tmp_path / "x.tar.Z").write_bytes(packed)
    by_us(tmp_path / "x.tar.Z", tmp_path / "ours")
    assert (tmp_path / "ours/x").read_text() == "some text " * 5000


def test_tar_written_twice_over(tmp_path: Path) -> None:
    """A later member of the same name, and pieces put together."""
    (tmp_path / "p").mkdir()
    (tmp_path / "p/x").write_text("old")
    (tmp_path / "p/y").symlink_to("x")
    subprocess.run(["tar", "-cf", "x.tar", "p"], cwd=tmp_path, check=True)
    (tmp_path / "p/x").write_text("new")
    (tmp_path / "p/y").unlink()
    (tmp_path / "p/y").write_text("no link now")
    subprocess.run(["tar", "-rf", "x.tar", "p/x", "p/y"], cwd=tmp_path, check=True)
    agree(tmp_path / "x.tar")


def test_tar_from_the_current_folder(tmp_path: Path) -> None:
    """Names with ``./``, and one file alone."""
    (tmp_path / "only").write_text("x")
    (tmp_path / "only").chmod(0o755)
    subprocess.run(["tar", "-cf", "x.tar", "./only"], cwd=tmp_path, check=True)
    agree(tmp_path / "x.tar")
    assert (tmp_path / "x.tar.ours/only").exists()


@pytest.mark.parametrize("options", [[], ["-y"], ["-0"], ["-9y"], ["-y", "-Z", "bzip2"], ["-yfz"], ["-yX"], ["-yD"]])
def test_zip_of_info_zip(tmp_path: Path, options: list[str]) -> None:
    make_tree(tmp_path / "pkg")
    (tmp_path / "pkg" / "ümläut").write_text("name")
    (tmp_path / "pkg" / "dangling").unlink() if "-y" not in "".join(options) else None
    if not any("y" in option for option in options):
        for path in (tmp_path / "pkg").rglob("l" * 90):
            path.unlink()
    words = ["zip", "-qr", *options, "x.zip", "pkg"]
    subprocess.run(words, cwd=tmp_path, check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    agree(tmp_path / "x.zip")


def test_zip_from_a_pipe(tmp_path: Path) -> None:
    """Data descriptors, zip64 by precaution."""
    (tmp_path / "x.zip").write_bytes(
        subprocess.run(["zip", "-q", "-", "-"], input=b"text" * 9999, capture_output=True, check=True).stdout
    )
    agree(tmp_path / "x.zip")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_zip_of_python(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", method) as made:
        made.writestr("p/plain", "text" * 1000)
        made.writestr("p/ümläut/€", "utf-8")
        info = zipfile.ZipInfo("p/run")
        info.external_attr = 0o100755 << 16
        made.writestr(info, "#!/bin/sh\n")
        dos = zipfile.ZipInfo("p/dos.exe")
        dos.create_system = 0
        made.writestr(dos, "MZ")
        with made.open(zipfile.ZipInfo("p/streamed"), "w", force_zip64=True) as stream:
            stream.write(b"x" * 100_000)
    agree(tmp_path / "x.zip")


def attributes() -> list[Item]:
    items = []
    for host in (0, 1, 2, 3, 5, 6, 7, 11, 13, 14, 16, 17, 18, 19, 30, 77):
        for mode in (0, 0o100644, 0o100755, 0o100600, 0o100700, 0o100555, 0o100444, 0o100654, 2, 4):
            for dos in (0, 1, 0x10, 0x20, 0x11):
                name = f"p/{host}-{mode:o}-{dos}".encode()
                items.append(Item(name, b"x", host=host, mode=mode, dos=dos))
    return items


HAND: dict[str, Callable[[], bytes]] = {
    "attributes": lambda: archive(*attributes()),
    "every byte of dos": lambda: archive(*(Item(b"p/%d%c" % (code, code), host=FAT) for code in range(128, 256))),
    "every byte of unix": lambda: archive(*(Item(b"p/%d%c" % (code, code)) for code in range(1, 256) if code not in b"/")),
    "hosts and versions": lambda: archive(
        *(
            Item(b"p/%d-%d-\x81" % (host, ver), host=host, version=ver)
            for host in (0, 3, 6, 11, 14)
            for ver in (20, 25, 26, 40, 50, 63)
        )
    ),
    "utf-8 of every host": lambda: archive(*(Item(f"p/{host}ü€".encode(), host=host, flags=0x800) for host in (0, 3, 11, 19))),
    "folders": lambda: archive(folder(b"p/"), folder(b"p/e/"), Item(b"p/d/", host=FAT, mode=0), Item(b"p/f/g/h/i", b"1")),
    "links": lambda: archive(
        link(b"p/l", b"x"), link(b"p/m", b"x", host=16), link(b"p/n", b"x", host=19), link(b"p/d", b"x", host=FAT)
    ),
    "descriptors": lambda: archive(Item(b"p/a", b"1" * 999, flags=8, method=8), Item(b"p/b", b"2", flags=8, method=8)),
    "zip64": lambda: archive(Item(b"p/a", b"1" * 999, method=8), Item(b"p/b", b"2"), zip64=True),
    "versions": lambda: archive(Item(b"p/a.txt;12"), Item(b"p/b;"), Item(b"p/c;x"), Item(b"p/d;1/e;2")),
}


@pytest.mark.parametrize("case", HAND)
def test_zip_by_hand(tmp_path: Path, case: str) -> None:
    (tmp_path / "x.zip").write_bytes(HAND[case]())
    agree(tmp_path / "x.zip")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "www").mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "www"))
    handler.func.log_message = lambda *_: None  # type: ignore[attr-defined]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


REAL_STEPS = """
mkdir out t; cd t; tar xf ../www/p-1.0.tar.gz; mv p-1.0/* ../out; cd ..
echo more >> out/mode0; rm out/link; mkdir out/made; mv out/mode1 out/made/p-1.0.tar.gz
"""


def test_post_fetch_in_a_whole_build(tmp_path: Path, address: str, furnish: Furnish) -> None:
    """The set's own bash and programs; the second of two URLs; pname and version as the name; options of curl."""
    make_tree(furnish(tmp_path) / "p-1.0")
    subprocess.run(["tar", "-czf", "www/p-1.0.tar.gz", "p-1.0"], cwd=tmp_path, check=True)
    subprocess.run(["bash", "-euc", REAL_STEPS], cwd=tmp_path, check=True)
    right = nar_hash(str(tmp_path / "out"))[0].sri()
    call = f"""
        (import <nixpkgs> {{ }}).fetchzip {{
          pname = "p";
          version = "1.0";
          urls = [ "{address}/gone/x.tar.gz" "{address}/p-1.0.tar.gz" ];
          hash = "HASH";
          extension = "tar.gz";
          curlOptsList = [ "-H" "X-Word: two words" ];
          postFetch = ''
            echo more >> $out/mode0
            [ "$(ls -A "$unpackDir")" = "" ]
            [ "$PWD" = "$unpackDir" ]
            [ "''${{renamed##*/}}" = download.tar.gz ]
            tar -tzf "$renamed" > /dev/null
            rm $out/link
            mkdir $out/made
          '';
          extraPostFetch = "mv $out/mode1 $out/made/p-1.0.tar.gz";
          meta.description = "x";
          passthru.more = 5;
        }}
    """
    wrong = imagetools("build", "--no-out-link", "-E", call.replace("HASH", ""), home=tmp_path, check=False)
    assert wrong.returncode == 102
    assert f"got:    {right}" in wrong.stderr
    result = imagetools("build", "--no-out-link", "-E", call.replace("HASH", right), home=tmp_path)
    assert result.stdout.strip().endswith("-p-1.0")
    assert "downloading" not in result.stderr
    wanted = imagetools(
        "eval", "--json", "-E", f"let x = {call.replace('HASH', right)}; in [ x.more x.meta.description x.url ]", home=tmp_path
    )
    assert wanted.stdout.strip() == f'[5,"x","{address}/gone/x.tar.gz"]'


def test_hostile_in_a_whole_build(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(archive(Item(b"p/a", b"1"), Item(b"../../evil", b"2")))
    call = f'(import <nixpkgs> {{ }}).fetchzip {{ url = "file://{tmp_path}/x.zip"; hash = ""; }}'
    done = imagetools("build", "--no-out-link", "-E", call, home=tmp_path, check=False)
    assert done.returncode in {1, 100}
    assert "error: bad archive: member '../../evil': its name has '..'" in done.stderr
    assert not list(tmp_path.rglob("evil"))


WORDS = {
    "recursiveHash = false;": "`recursiveHash = false` has no meaning here",
    "executable = true;": "`executable` has no meaning here",
    "showURLs = true;": "`showURLs` has no meaning here",
    'extension = "a/b";': "`extension` is a part of a file name",
    'sha1 = "x";': "more than one hash is given",
    "unknown = 1;": "unexpected argument 'unknown'",
}


@pytest.mark.parametrize("word", WORDS)
def test_arguments_without_a_meaning(tmp_path: Path, word: str) -> None:
    call = f'(import <nixpkgs> {{ }}).fetchzip {{ url = "http://a:s3cret@localhost/x.zip?token=s3cret"; hash = "x"; {word} }}'
    done = imagetools("eval", "-E", f"({call}).drvPath", home=tmp_path, check=False)
    assert done.returncode == 1
    assert WORDS[word] in done.stderr
    assert "s3cret" not in done.stderr.partition("at «string»")[0]


@pytest.mark.parametrize("ending", ["tar.gz", "tar.xz", "zip"])
def test_a_whole_build_beside_nix_prefetch_url(tmp_path: Path, address: str, ending: str) -> None:
    """Row 1.022, and the name and the registration that come with it."""
    need("nix-prefetch-url", "nix-store")
    make_tree(tmp_path / "pkg-1.0")
    for path in (tmp_path / "pkg-1.0").rglob("closed"):
        path.rmdir()  # nix-prefetch-url of 2.8 cannot read it as an ordinary user
    where = tmp_path / "www" / f"pkg-1.0.{ending}"
    if ending == "zip":
        subprocess.run(["zip", "-qry", where, "pkg-1.0"], cwd=tmp_path, check=True)
    else:
        subprocess.run(["tar", "-caf", where, "-C", tmp_path, "pkg-1.0"], check=True)
    shutil.rmtree(tmp_path / "pkg-1.0")
    url = f"{address}/pkg-1.0.{ending}"
    (tmp_path / "nix").mkdir()
    theirs = nix("nix-prefetch-url", "--unpack", "--type", "sha256", url, root=tmp_path / "nix").stdout.split()[0]
    call = f'(import <nixpkgs> {{ }}).fetchzip {{ url = "{url}"; sha256 = "{theirs}"; }}'
    result = imagetools("build", "--no-out-link", "-E", call, home=tmp_path).stdout.strip()
    assert result.endswith("-source")
    assert subprocess.run(
        ["nix-hash", "--type", "sha256", "--base32", result], capture_output=True, text=True, check=True
    ).stdout.split() == [theirs]
    named = nix(
        "nix-store", "--print-fixed-path", "--recursive", "sha256", theirs, "source", root=tmp_path / "nix"
    ).stdout.strip()
    assert Path(result).name == Path(named).name
