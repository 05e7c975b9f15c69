"""Hash modulo: the output paths and .drv paths that real Nix computed, from everything else in the files."""

import pytest

from imagetools.formats import aterm, modulo
from imagetools.formats.addressing import text_path
from imagetools.formats.derivation import Derivation, DerivationError, FixedOutput, InputAddressed
from imagetools.formats.store_path import StoreDir
from imagetools.kernel.bytestr import to_bytes
from imagetools.kernel.hashes import Hash, digest
from tests.unit.formats.samples import golden

STORE = StoreDir("/nix/store")


class Files:
    """The golden files with the cache that a caller holds."""

    def __init__(self) -> None:
        self.texts = golden()
        self.parsed = {path: aterm.parse(text, STORE.parse(path).name.removesuffix(".drv")) for path, text in self.texts.items()}
        self.cache: dict[str, Hash] = {}

    def known(self, path: str) -> Hash:
        if path not in self.cache:
            self.cache[path] = modulo.hash_modulo(self.parsed[path], self.known)
        return self.cache[path]

    def of(self, name: str) -> Derivation:
        return next(drv for drv in self.parsed.values() if drv.name == name)


FILES = Files()


@pytest.mark.parametrize("path", sorted(FILES.texts))
def test_everything_follows(path: str) -> None:
    drv = FILES.parsed[path]
    assert modulo.output_paths(STORE, drv, FILES.known) == drv.output_paths()
    env = {name: "" if name in drv.outputs else value for name, value in drv.env.items()}
    bare = drv.with_outputs(
        {
            name: FixedOutput("", output.method, output.hash) if isinstance(output, FixedOutput) else InputAddressed("")
            for name, output in drv.outputs.items()
        },
        env,
    )
    done = modulo.complete(STORE, bare, FILES.known)
    assert done.derivation == drv
    assert done.text == to_bytes(FILES.texts[path])
    assert done.modulo == FILES.known(path)
    references = [STORE.parse(text) for text in (*drv.input_drvs, *drv.input_srcs)]
    assert STORE.join(text_path(STORE, drv.name + ".drv", done.text, references)) == path


def test_how_a_fixed_output_is_fetched_does_not_matter() -> None:
    one, other = [drv for drv in FILES.parsed.values() if drv.name == "f.tar.gz"]
    assert one.env["url"] != other.env["url"]
    assert modulo.hash_modulo(one, FILES.known) == modulo.hash_modulo(other, FILES.known)


def test_equal_inputs_merge() -> None:
    same = digest("sha256", b"")
    assert modulo.replaced_inputs({"a": ("out",), "b": ("dev", "out"), "c": ("out",)}, lambda _: same) == {
        same.base16(): ("dev", "out")
    }


def test_masking_hides_only_what_follows_from_the_outputs() -> None:
    drv = FILES.of("multi")
    moved = drv.with_outputs(
        {name: InputAddressed("/nix/store/elsewhere") for name in drv.outputs}, {**drv.env, "dev": "/nix/store/elsewhere"}
    )
    assert modulo.hash_modulo(moved, FILES.known, True) == modulo.hash_modulo(drv, FILES.known, True)
    assert modulo.hash_modulo(moved, FILES.known) != modulo.hash_modulo(drv, FILES.known)
    changed = drv.with_outputs(drv.outputs, {**drv.env, "odd": "even"})
    assert modulo.hash_modulo(changed, FILES.known, True) != modulo.hash_modulo(drv, FILES.known, True)


def test_a_fixed_output_asks_for_no_inputs() -> None:
    drv = FILES.of("sri")

    def never(path: str) -> Hash:
        raise AssertionError(path)

    with_input = Derivation(drv.name, drv.outputs, {"/nix/store/x.drv": ("out",)}, (), drv.system, drv.builder, drv.args, drv.env)
    assert modulo.complete(STORE, with_input, never).modulo == FILES.known(next(p for p, d in FILES.parsed.items() if d is drv))


def test_variables_of_outputs_need_not_be_there_before() -> None:
    drv = FILES.of("multi")
    bare = drv.with_outputs(drv.outputs, {name: value for name, value in drv.env.items() if name not in drv.outputs})
    assert modulo.complete(STORE, bare, FILES.known).derivation == drv


def test_contradicting_outputs_are_refused() -> None:
    with pytest.raises(DerivationError):
        modulo.complete(STORE, Derivation("n", {}, {}, (), "", "", (), {}), FILES.known)


def test_an_unknown_input_is_the_callers_error() -> None:
    cache: dict[str, Hash] = {}
    with pytest.raises(KeyError):
        modulo.hash_modulo(FILES.of("multi"), cache.__getitem__)
