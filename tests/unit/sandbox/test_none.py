"""Building without a sandbox: the same contract as far as it goes, refused where outputs could not come to their place."""

import os
from collections.abc import Iterator

import pytest

from imagetools.sandbox.none import NoSandbox
from imagetools.sandbox.ports import BuildOutcome, NeedsSandboxError
from tests.unit.sandbox.cage import OUT, base_for, request_for


@pytest.fixture
def base() -> Iterator[str]:
    with base_for(None) as folder:
        yield folder


def run(script: str, base: str, **changes: object) -> tuple[BuildOutcome, str]:
    pieces: list[bytes] = []
    outcome = NoSandbox().run(request_for(script, base, builtin=True, **changes), pieces.append)
    return outcome, b"".join(pieces).decode()


def test_builders_of_others_need_a_store_at_its_place(base: str) -> None:
    with pytest.raises(NeedsSandboxError) as caught:
        NoSandbox().run(request_for("true", base), lambda data: None)
    assert "--store local" in (caught.value.hint or "")
    assert "builders write to '/nix/store'" in caught.value.message


def test_a_store_at_its_place(base: str) -> None:
    store = os.path.join(os.path.realpath(base), "store")
    out = f"{store}/{'a' * 32}-x"
    request = request_for("echo text > $out; pwd", base, store_dir=store, outputs={"out": out}, env={"out": out, "PATH": "/bin"})
    outcome = NoSandbox().run(request, lambda data: None)
    assert outcome.succeeded
    assert outcome.output_roots == {"out": out}
    assert os.path.exists(out)


def test_environment_folder_and_exit_code(base: str) -> None:
    outcome, text = run("pwd; echo $out; exit 4", base)
    assert text == f"{outcome.build_folder}\n{OUT}\n"
    assert outcome.exit_code == 4


def test_outputs_of_builtin_builders(base: str) -> None:
    outcome, _ = run(f"echo text > ../outputs/{os.path.basename(OUT)}", base)
    with open(outcome.output_roots["out"], encoding="ascii") as file:
        assert file.read() == "text\n"


def test_limits_and_missing_program(base: str) -> None:
    assert run("sleep 1000", base, timeout=0.2)[0].limit == "total"
    outcome, text = run("", base, program="/no/such", argv=("such",))
    assert outcome.exit_code == 1
    assert text == "error: executing '/no/such': No such file or directory\n"
