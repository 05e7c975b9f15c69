"""A builder's variables and files."""

from imagetools.formats.addressing import placeholder
from imagetools.formats.derivation import Derivation, FixedOutput, InputAddressed, Output
from imagetools.formats.drv_options import DerivationOptions
from imagetools.formats.store_path import StoreDir
from imagetools.kernel.hashes import Hash
from imagetools.realise.environment import Surroundings, surroundings
from imagetools.realise.settings import RealiseSettings

OUT = "/nix/store/" + "a" * 32 + "-x"


def make(env: dict[str, str], output: Output | None = None, args: tuple[str, ...] = ()) -> Surroundings:
    derivation = Derivation("x", {"out": output or InputAddressed(OUT)}, {}, (), "s", "/b", args, env)
    settings = RealiseSettings(cores=4, environment={"http_proxy": "http://proxy", "HOME": "/root"})
    options = DerivationOptions.from_env(env)
    return surroundings(derivation, options, {"out": OUT}, {}, store_dir=StoreDir(), folder="/build", settings=settings)


def test_variables() -> None:
    assert make({"out": OUT, "name": "x"}).env == {
        "PATH": "/path-not-set",
        "HOME": "/homeless-shelter",
        "NIX_STORE": "/nix/store",
        "NIX_BUILD_CORES": "4",
        "out": OUT,
        "name": "x",
        "NIX_BUILD_TOP": "/build",
        "TMPDIR": "/build",
        "TEMPDIR": "/build",
        "TMP": "/build",
        "TEMP": "/build",
        "PWD": "/build",
        "NIX_LOG_FD": "2",
        "TERM": "xterm-256color",
    }


def test_what_the_derivation_may_replace() -> None:
    names = ("PATH", "HOME", "NIX_STORE", "NIX_BUILD_CORES", "TMPDIR", "PWD", "NIX_LOG_FD", "TERM")
    env = make(dict.fromkeys(names, "mine")).env
    assert {name for name in names if env[name] == "mine"} == {"PATH", "HOME", "NIX_STORE", "NIX_BUILD_CORES"}


def test_fixed_outputs() -> None:
    env = {"impureEnvVars": "http_proxy no_proxy HOME"}
    fixed = make(env, FixedOutput(OUT, "flat", Hash.zero("sha256"))).env
    assert (fixed["NIX_OUTPUT_CHECKED"], fixed["http_proxy"], fixed["no_proxy"], fixed["HOME"]) == (
        "1",
        "http://proxy",
        "",
        "/root",
    )
    assert "http_proxy" not in make(env).env
    assert make(env).env["HOME"] == "/homeless-shelter"


def test_placeholders() -> None:
    text = placeholder("out")
    found = make({"a": f"x{text}/bin{text}", "big": text, "passAsFile": "big"}, args=(text, "-y"))
    assert found.env["a"] == f"x{OUT}/bin{OUT}"
    assert found.args == (OUT, "-y")
    (name,) = found.files
    assert found.files[name] == OUT.encode()
    assert found.env["bigPath"] == f"/build/{name}"
    assert name == ".attr-1lak0mvllw8rv9i9ygkglvhqsq19qi9ynl4bi7gbf69ab5nzw89a"  # nix-hash --type sha256 --base32 --flat of "big"
    assert "big" not in found.env
