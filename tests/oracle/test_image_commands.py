"""Commands in images beside docker build and fakeroot: as root, as a user, as one with further ids (rows 2.011, 2.032-2.034)."""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.commands import BUILT, imagetools, run
from tests.oracle.engine import need_engine
from tests.oracle.packages import Furnish
from tests.oracle.peers import need
from tests.unit.image_io import archives
from tests.unit.image_io.archives import file, folder, hard, info, link
from tests.unit.sandbox.cage import base_for, need_namespaces
from tests.unit.sandbox.rooted_cage import GRANT, Person, persons

CAPABILITY = b"\x01\x00\x00\x02\x00\x20\x00\x00" + bytes(12)
pytestmark = pytest.mark.oracle

#: What both sides run as root; busybox is a static program.
COMMANDS = r"""
set -e
echo app:x:998: >> /etc/group; echo app:x:999:998::/data:/bin/sh >> /etc/passwd
mkdir -p /data/sub /srv
echo one > /data/one; echo two > /data/two
chown -R app:app /data
chown root:app /data/two; chmod 4750 /data/two; chmod 2775 /data/sub; chmod 1777 /srv
cp /etc/motd /srv/motd; chown 33:44 /srv/motd; chmod 600 /srv/motd
ln -s one /data/link; chown -h 5:6 /data/link; ln /data/one /data/hard
mkfifo /srv/pipe; touch /srv/sixteen; chown 65534:65535 /srv/sixteen
rm -r /lower/gone /lower/file; rm /lower/emptied/*; echo new > /lower/emptied/new
chmod 700 /lower/folder; echo more >> /lower/changed; mv /lower/theirs /lower/moved
rm -r /lower/becomes; echo file > /lower/becomes
rm /lower/again/x /lower/again/y; rmdir /lower/again; mkdir /lower/again; touch /lower/again/y
"""
SET = r"""
with import <nixpkgs> { };
rec {
  tools = symlinkJoin { name = "tools"; paths = [ busybox bash ]; };
  root = writeTextDir "etc/motd" "welcome\n";
  base = dockerTools.buildImage {
    name = "imagetools-commands-base";
    tag = "1";
    compressor = "none";
    copyToRoot = [ busybox ];
    runAsRoot = ''
      mkdir -p /etc /lower/gone/deep /lower/emptied /lower/folder /lower/becomes /lower/again /proc /sys
      chmod 755 / /bin /etc
      echo root:x:0:0::/root:/bin/sh > /etc/passwd; echo root:x:0: > /etc/group; echo welcome > /etc/motd
      for name in gone/deep/a file emptied/a emptied/b folder/a changed theirs becomes/a again/x again/y; do
        echo $name > /lower/$name
      done
      chown 12:13 /lower/theirs /lower/folder; chmod 4711 /lower/theirs
    '';
  };
  commands = dockerTools.buildImage {
    name = "imagetools-commands";
    tag = "1";
    compressor = "none";
    fromImage = base;
    runAsRoot = builtins.readFile ./commands.sh;
  };
  layered = {
    name = "imagetools-commands-layered";
    tag = "1";
    compressor = "none";
    contents = [ busybox root ];
    extraCommands = "mkdir srv; echo plain > srv/plain";
  };
  fake = dockerTools.buildLayeredImage (layered // { fakeRootCommands = plain; });
  plain = ''
    mkdir -p data/sub; echo x > data/x; chown -R 999:998 data; chmod 4755 data/x; chown 7 srv/plain; chown -h 3:4 etc/motd
    mknod srv/null c 1 3
  '';
  chroot = dockerTools.buildLayeredImage (layered // {
    enableFakechroot = true;
    fakeRootCommands = ''
      test "$PWD" = / && test -e ${busybox}/bin/busybox && cat /etc/motd
      mkdir -p /data/sub; echo x > /data/x; chown -R 999:998 /data; chmod 4755 /data/x; chown 7 /srv/plain; chown -h 3:4 /etc/motd
      mknod /srv/null c 1 3
    '';
  });
  stream = dockerTools.streamLayeredImage (layered // { fakeRootCommands = plain; });
  oci = ociTools.buildLayout (layered // { format = "tar"; fakeRootCommands = plain; architectures = [ "amd64" "arm64" ]; });
  stored = dockerTools.buildLayeredImage {
    name = "imagetools-commands-stored";
    compressor = "none";
    contents = [ bash root ];
  };
  merged = dockerTools.buildImage {
    name = "imagetools-commands-merged";
    tag = "1";
    compressor = "none";
    fromImage = stored;
    runAsRoot = ''
      cat /etc/motd
      /bin/bash -c "echo from the base"
      ${writeScript "own" "#!${bash}/bin/bash\necho own\n"}
      ! touch /nix/store/here 2> /dev/null
      ! touch ${busybox}/here 2> /dev/null
      ! mount -o remount,rw,bind ${busybox} 2> /dev/null
      echo done > /done
      install -o 5 -g 6 -m 4750 /done /given
    '';
  };
  strange = dockerTools.buildImage {
    name = "imagetools-commands-strange";
    tag = "1";
    compressor = "none";
    fromImage = ./strange.tar;
    runAsRoot = builtins.readFile ./strange.sh;
  };
  broken = dockerTools.buildImage {
    name = "imagetools-commands-broken";
    runAsRoot = "touch /x; chown 5 /x; mkdir -m 0 /closed; chown 9 /closed; touch /closed/y; chown 7 /closed/y; exit 3";
  };
}
"""
#: Over a base with what a user namespace cannot have.
STRANGE = """
set -e
mkdir /to; mv /from/* /to/; cp /to/capable /lost; chown 3 /lost; touch /to/new; chown 70000:80000 /to/new; ln /to/first /to/third
chmod 600 /to/zero; cp -a /to/link /to/hole /again/
"""
Shown = dict[str, tuple[Any, ...]]


@pytest.fixture(scope="module")
def home(furnish: Furnish) -> Iterator[Path]:
    need("apt-get")
    need_namespaces()
    with base_for(None) as made:
        os.chmod(made, 0o755)
        home = furnish(written(Path(made)))
        built(home, "tools")
        shutil.copytree(home / ".local", home / "seed", symlinks=True)
        (home / "strange.tar").write_bytes(strange_base(home))
        yield home


def written(place: Path) -> Path:
    (place / "set.nix").write_text(SET)
    (place / "commands.sh").write_text(COMMANDS)
    (place / "strange.sh").write_text(STRANGE)
    return place


def built(home: Path, name: str) -> Path:
    link = home / name
    if not link.is_symlink():
        imagetools("build", "set.nix", "-A", name, "-o", str(link), home=home)
    return Path(os.path.realpath(link))


def strange_base(home: Path) -> bytes:
    """An archive with owners, capabilities, devices and links of all kinds, and a static busybox."""
    (busybox,) = (home / ".local/share/imagetools/nix/store").glob("*-busybox-static-*/bin/busybox")
    programs: list[tarfile.TarInfo | tuple[tarfile.TarInfo, bytes]] = [file("bin/busybox", busybox.read_bytes(), mode=0o755)]
    programs += [link(f"bin/{name}", "busybox") for name in ("sh", "mkdir", "mv", "cp", "chown", "chmod", "touch", "ln")]
    capable = {"SCHILY.xattr.security.capability": CAPABILITY.decode("latin-1")}
    members: list[tarfile.TarInfo | tuple[tarfile.TarInfo, bytes]] = [
        folder("bin"),
        *programs,
        folder("from", 0o750, uid=33, gid=44),
        file("from/capable", b"c", mode=0o755, uid=5, pax_headers=capable),
        file("from/far", b"f", uid=100000, gid=2000000000),
        file("from/first", b"1", mode=0o6755, uid=999, gid=999),
        hard("from/second", "from/first"),
        info("from/zero", tarfile.CHRTYPE, mode=0o666, devmajor=1, devminor=5, uid=7),
        info("from/disk", tarfile.BLKTYPE, mode=0o660, devmajor=8, devminor=1, gid=6),
        info("from/pipe", tarfile.FIFOTYPE, mode=0o640, uid=8),
        link("from/link", "/from/first", uid=12, gid=13),
        file("from/hole", bytes(100_000), mode=0o400, uid=1),
        folder("again"),
        folder("stays", 0o1777),
        file("stays/x", b"x", uid=77777),
    ]
    return archives.archive(archives.image([archives.tar(*members)], names=["imagetools-commands-strange-base:1"]))


def layer(archive: Path, number: int = -1) -> Shown:
    """The members of a layer but for the store's."""
    with tarfile.open(archive) as outer:
        manifest = outer.extractfile("manifest.json")
        assert manifest is not None
        name = json.load(manifest)[0]["Layers"][number]
        data = outer.extractfile(name)
        assert data is not None
        with tarfile.open(fileobj=io.BytesIO(data.read())) as inner:
            return shown(inner)


def shown(tar: tarfile.TarFile) -> Shown:
    """Kind, mode, owner, contents or target of what has a name that counts."""
    found: Shown = {}
    for member in tar:
        name = member.name.removeprefix("./").rstrip("/")
        if name in {"", ".", ".dockerenv"} or name.split("/")[0] in {"dev", "proc", "sys", "nix", "bin"}:
            continue
        if name in {"etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/mtab"}:
            continue
        data = tar.extractfile(member) if member.isfile() or member.islnk() else None
        content = data.read() if data is not None else member.linkname
        kind = "0" if member.islnk() else member.type.decode()
        device = (member.devmajor, member.devminor) if member.isdev() else ()
        found[name] = (
            kind,
            oct(member.mode & 0o7777),
            member.uid,
            member.gid,
            content,
            device,
            member.pax_headers.get("SCHILY.xattr.security.capability"),
        )
    return found


def docker_build(home: Path, base: str, script: str, name: str) -> None:
    """``docker build`` of a script on a base, without network."""
    run_script = f"/bin/busybox sh /{script} && /bin/busybox rm /{script}"
    (home / "Dockerfile").write_text(f"FROM {base}\nCOPY {script} /{script}\nRUN {run_script}\n")
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    run(["docker", "build", "-q", "--network", "none", "-t", name, "."], cwd=home, environment=environment)


@pytest.fixture
def loaded(home: Path) -> Iterator[Path]:
    """The base and our image in the engine, and what docker build makes of the same commands."""
    need_engine()
    for name in ("base", "commands"):
        run(["docker", "load", "-i", str(built(home, name))], cwd=home)
    docker_build(home, "imagetools-commands-base:1", "commands.sh", "imagetools-commands-docker")
    yield home
    names = ["imagetools-commands-docker", "imagetools-commands:1", "imagetools-commands-base:1"]
    subprocess.run(["docker", "image", "rm", "-f", *names], capture_output=True, check=False)


def exported(image: str) -> Shown:
    """The files of a container of ``image``, as the engine sees them."""
    container = subprocess.run(["docker", "create", image, "/x"], capture_output=True, text=True, check=True).stdout.strip()
    try:
        data = subprocess.run(["docker", "export", container], capture_output=True, check=True).stdout
    finally:
        subprocess.run(["docker", "rm", container], capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return shown(tar)


def test_run_as_root_gives_what_docker_build_gives(loaded: Path) -> None:
    ours, theirs = exported("imagetools-commands:1"), exported("imagetools-commands-docker")
    assert ours == theirs
    assert ours["data/two"][:4] == ("0", "0o4750", 0, 998) and ours["srv/sixteen"][2:4] == (65534, 65535)
    gone = {name for name in layer(built(loaded, "commands")) if ".wh." in name}
    assert gone == {
        *("lower/.wh.gone", "lower/.wh.file", "lower/.wh.theirs", "lower/emptied/.wh..wh..opq", "lower/again/.wh.x"),
    }


def by_fakeroot(home: Path, name: str) -> Shown:
    """What nixpkgs does: the commands under fakeroot, and tar with them."""
    root = home / name
    for below in ("etc", "srv", "bin"):
        (root / below).mkdir(parents=True)
    (root / "etc/motd").symlink_to(f"{built(home, 'root')}/etc/motd")
    (root / "srv/plain").write_text("plain\n")
    commands = "umask 022; chmod 755 etc srv; mkdir -p data/sub; echo x > data/x; chown -R 999:998 data; chmod 4755 data/x; "
    commands += "chown 7 srv/plain; chown -h 3:4 etc/motd; mknod srv/null c 1 3; tar -cf ../fakeroot.tar --numeric-owner ."
    run(["fakeroot", "sh", "-ec", commands], cwd=root)
    with tarfile.open(home / "fakeroot.tar") as tar:
        return shown(tar)


def without_target(members: Shown) -> Shown:
    """Our store lies elsewhere than the physical one."""
    return {name: (*facts[:4], *(() if facts[0] == "2" else facts[4:])) for name, facts in members.items()}


def test_fake_root_commands_give_what_fakeroot_gives(home: Path) -> None:
    need("fakeroot")
    fake = layer(built(home, "fake"))
    assert without_target(fake) == without_target(by_fakeroot(home, "by-fakeroot"))
    assert layer(built(home, "chroot")) == fake
    assert fake["srv/null"][0] == "3" and fake["srv/null"][5] == (1, 3)


def test_the_same_layer_in_every_form(home: Path) -> None:
    written_by_script = subprocess.run([built(home, "stream")], stdout=subprocess.PIPE, check=True).stdout
    (home / "streamed.tar").write_bytes(written_by_script)
    assert layer(home / "streamed.tar") == layer(built(home, "fake")) == layer(built(home, "oci"))


def test_what_a_namespace_cannot_have(home: Path) -> None:
    need_engine()
    for path in (home / "strange.tar", built(home, "strange")):
        run(["docker", "load", "-i", str(path)], cwd=home)
    try:
        docker_build(home, "imagetools-commands-strange-base:1", "strange.sh", "imagetools-commands-strange-docker")
        ours, theirs = exported("imagetools-commands-strange:1"), exported("imagetools-commands-strange-docker")
    finally:
        names = [f"imagetools-commands-strange{end}" for end in ("-docker", ":1", "-base:1")]
        subprocess.run(["docker", "image", "rm", "-f", *names], capture_output=True, check=False)
    ours.pop("tmp")
    assert ours == theirs
    assert ours["to/capable"][-1] == CAPABILITY.decode("latin-1") and ours["lost"][-1] is None
    assert ours["to/zero"][:4] == ("3", "0o600", 7, 0) and ours["to/far"][2:4] == (100000, 2000000000)
    assert "stays/x" not in layer(built(home, "strange"))


def test_the_store_of_the_base_and_that_of_the_build(home: Path) -> None:
    busybox = home / ".local/share/imagetools/nix/store"
    done = imagetools("build", "set.nix", "-A", "merged", "-o", "merged", home=home)
    for line in ("welcome", "from the base", "own"):
        assert f"\n{line}\n" in done.stderr
    members = layer(home / "merged")
    assert members.keys() == {"done", "given", "tmp"} and members["given"][:4] == ("0", "0o4750", 5, 6)
    assert not list(busybox.rglob("here"))


def as_person(person: Person, folder: Path, name: str) -> "subprocess.CompletedProcess[str]":
    grants = folder / "grants"
    grants.write_text(GRANT)
    argv = [*person.command(str(grants)), sys.executable, "-m", "imagetools", "build", "set.nix", "-A", name, "-o", name]
    return run(argv, cwd=folder, environment={"PATH": os.environ["PATH"], "HOME": str(folder)}, check=False)


@pytest.mark.parametrize("person", [param for param in persons() if param.id != "root"])
def test_whoever_builds_gets_the_same_bytes(home: Path, person: Person) -> None:
    with base_for(person.user) as folder:
        written(Path(folder))
        run(["cp", "-a", str(home / "seed"), f"{folder}/.local"], cwd=home)
        if person.user is not None:
            run(["chown", "-R", "-h", f"{person.user}:{person.user}", f"{folder}/.local"], cwd=home)
        shutil.copy(home / "strange.tar", folder)
        for name in ("commands", "fake", "strange"):
            done = as_person(person, Path(folder), name)
            assert done.returncode == 0, done.stderr
            assert Path(folder, name).read_bytes() == built(home, name).read_bytes()
        done = as_person(person, Path(folder), "broken")
        assert done.returncode == 100 and "error: runAsRoot failed with exit code 3" in done.stderr, done.stderr
        store = Path(folder, ".local/share/imagetools/nix/store")
        assert not [entry for entry in os.listdir(store) if "chroot" in entry], "nothing is left of the build"
    BUILT.clear()


def test_without_a_sandbox(home: Path) -> None:
    built(home, "base")
    done = imagetools("build", "set.nix", "-A", "broken", "--no-sandbox", home=home, check=False)
    assert done.returncode == 100
    assert "commands as root need the sandbox" in done.stderr and "leave out --no-sandbox" in done.stderr
