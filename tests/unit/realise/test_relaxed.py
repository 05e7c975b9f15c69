"""``__noChroot``: refused in a sandbox, the host's files and network where the sandbox is relaxed."""

from dataclasses import replace
from pathlib import Path

import pytest

from imagetools.realise import machine
from imagetools.realise.failures import ImpurePathError, NoChrootError, WrongSystemError
from imagetools.realise.scheduler import Realiser
from imagetools.realise.settings import NIX_FEATURES
from imagetools.realise.targets import Target
from imagetools.sandbox.namespaces import NamespaceSandbox
from tests.unit.realise.world import World

LOOK = (
    "exec > $out; cat /etc/hostname || cat /etc/passwd; cut -d: -f1 /proc/net/dev | tail -n +3 | sort; pwd; echo x > here; id -u"
)


def realise(world: World, script: str, **env: str) -> Path:
    drv = world.derivation(script, env=env)
    realiser = Realiser(world.store, NamespaceSandbox(), settings=world.settings)
    try:
        realiser.realise([Target(drv)])
    finally:
        realiser.close()
    return Path(world.real(drv))


def test_refused(world: World) -> None:
    with pytest.raises(NoChrootError, match="has '__noChroot' set, but that's not allowed when 'sandbox' is 'true'"):
        realise(world, LOOK, __noChroot="1")


def test_relaxed(world: World) -> None:
    world.settings = replace(world.settings, relaxed=True)
    lines = realise(world, LOOK, __noChroot="1").read_text().splitlines()
    first = Path("/etc/hostname") if Path("/etc/hostname").exists() else Path("/etc/passwd")
    devices = sorted(line.split(":")[0] for line in Path("/proc/net/dev").read_text().splitlines()[2:])
    assert lines == [*first.read_text().splitlines(), *devices, "/build", "1000"]


def test_relaxed_for_others_is_a_sandbox(world: World) -> None:
    world.settings = replace(world.settings, relaxed=True)
    drv = world.derivation("ls -1 /home /root /var > $out 2>&1 || true")
    assert "No such file or directory" in world.text(drv)


def test_nothing_of_the_host_can_be_written(world: World, tmp_path: Path) -> None:
    world.settings = replace(world.settings, relaxed=True)
    tmp_path.chmod(0o777)
    script = f"for f in /var/tmp {tmp_path} /etc; do echo > $f/imagetools-was-here && echo wrote $f; done; echo > $out"
    realise(world, script, __noChroot="1")
    assert not any((Path(folder) / "imagetools-was-here").exists() for folder in ("/var/tmp", tmp_path, "/etc"))


@pytest.mark.parametrize("path", ["/etc/passwd", "/usr/lib"])
def test_paths_of_the_host(world: World, path: str) -> None:
    with pytest.raises(ImpurePathError, match=f"requested impure path '{path}', but it was not in allowed-impure-host-deps"):
        realise(world, "echo > $out", __impureHostDeps=path)


def test_features(world: World) -> None:
    found = machine.features()
    assert set(NIX_FEATURES) <= set(found) <= {*NIX_FEATURES, "kvm"}
    script = f"if test -e {machine.KVM}; then echo yes > $out; else echo no > $out; fi"
    assert world.text(world.derivation(script)) == "no\n"
    with pytest.raises(WrongSystemError, match=r"with features \{kvm\} is required"):
        realise(world, "echo > $out", requiredSystemFeatures="kvm")
    world.settings = replace(world.settings, features=(*NIX_FEATURES, "kvm"))
    there = "yes\n" if Path(machine.KVM).exists() else "no\n"
    assert world.text(world.derivation(script, env={"requiredSystemFeatures": "kvm"})) == there
