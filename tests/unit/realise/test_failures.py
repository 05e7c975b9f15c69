"""The sentences, to the letter, and the exit codes."""

import pytest

from imagetools.formats.derivation import Derivation, InputAddressed
from imagetools.formats.drv_options import DerivationOptions
from imagetools.kernel.errors import ImagetoolsError
from imagetools.kernel.hashes import Hash
from imagetools.realise import failures
from imagetools.realise.checks import check
from imagetools.realise.settings import RealiseSettings

DRV = "/nix/store/" + "a" * 32 + "-x.drv"
SENTENCES: list[tuple[ImagetoolsError, int, str]] = [
    (failures.BuilderFailedError(DRV, 1, None, []), 100, f"builder for '{DRV}' failed with exit code 1"),
    (
        failures.BuilderFailedError(DRV, None, 9, ["a", "b"], "disk"),
        100,
        f"builder for '{DRV}' failed due to signal 9 (Killed);\nlast 2 log lines:\n> a\n> b\n"
        f"For full logs, run 'imagetools log {DRV}'.\nnote: disk",
    ),
    (failures.TimedOutError(DRV, 3, False, []), 101, f"building of '{DRV}' timed out after 3 seconds"),
    (failures.TimedOutError(DRV, 3, True, []), 101, f"building of '{DRV}' timed out after 3 seconds of silence"),
    (
        failures.HashMismatchError(DRV, Hash.zero("sha1"), Hash.zero("sha1")),
        102,
        f"hash mismatch in fixed-output derivation '{DRV}':\n  specified: sha1-AAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
        "     got:    sha1-AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ),
    (
        failures.WrongSystemError(DRV, "riscv64-linux", ["kvm", "a"], "x86_64-linux", ["b"]),
        1,
        f"a 'riscv64-linux' with features {{a, kvm}} is required to build '{DRV}', but I am a 'x86_64-linux' with features {{b}}",
    ),
    (failures.DependencyFailedError(DRV, 2), 1, f"2 dependencies of derivation '{DRV}' failed to build"),
]


@pytest.mark.parametrize(("error", "code", "sentence"), SENTENCES)
def test_sentences(error: ImagetoolsError, code: int, sentence: str) -> None:
    assert error.message == sentence
    assert error.exit_code == code


def test_exit_codes_add_up() -> None:
    build = failures.BuilderFailedError(DRV, 1, None, [])
    late = failures.TimedOutError(DRV, 1, False, [])
    other = failures.HashMismatchError(DRV, Hash.zero("sha1"), Hash.zero("sha1"))
    system = failures.NoChrootError(DRV)
    differs = failures.NotDeterministicError(DRV, "/r/x", None)
    for members, code in (
        ([build, build], 100),
        ([late, build], 101),
        ([build, other], 102),
        ([late, other], 103),
        ([other], 102),
        ([differs], 104),
        ([differs, differs], 104),
        ([differs, build, system], 108),
        ([late, differs], 109),
        ([other, differs, build], 110),
        ([late, differs, other], 111),
        ([system, system], 1),
    ):
        assert failures.several(members).exit_code == code


def test_several_failures_keep_what_each_says() -> None:
    build, late = failures.DependencyFailedError(DRV, 1), failures.TimedOutError(DRV, 1, False, [])
    host = ImagetoolsError("no", "a hint")
    assert (failures.several([build, late]).message, failures.several([build, late]).hint) == (f"{build}\n{late}", None)
    assert (failures.several([host, build, host]).message, failures.several([host, build, host]).hint) == (
        f"no\n{build}",
        "a hint",
    )


def check_env(system: str = "x86_64-linux", builder: str = "/b", **env: str) -> None:
    derivation = Derivation("x", {"out": InputAddressed("/x")}, {}, (), system, builder, (), env)
    check(DRV, derivation, DerivationOptions.from_env(env), RealiseSettings(), ["fetchurl"])


def test_what_can_be_built() -> None:
    check_env()
    check_env("i686-linux")
    check_env("anything", "builtin:fetchurl")
    check_env(requiredSystemFeatures="big-parallel")


@pytest.mark.parametrize(
    ("env", "kind", "says"),
    [
        ({"system": "aarch64-linux"}, failures.WrongSystemError, "a 'aarch64-linux' with features {} is required"),
        ({"requiredSystemFeatures": "kvm"}, failures.WrongSystemError, "with features {kvm} is required"),
        ({"builder": "builtin:x"}, failures.NoSuchBuiltinError, "unsupported builtin builder 'x'"),
        ({"__noChroot": "1"}, failures.NoChrootError, "has '__noChroot' set, but that's not allowed when 'sandbox' is 'true'"),
    ],
)
def test_what_cannot(env: dict[str, str], kind: type[ImagetoolsError], says: str) -> None:
    with pytest.raises(kind) as caught:
        check_env(**env)
    assert says in caught.value.message
