"""Samples that several test modules share: the golden derivations, and strategies for derivations."""

from pathlib import Path

from hypothesis import strategies as st

from imagetools.formats.derivation import Derivation, FixedOutput, InputAddressed, Output
from imagetools.formats.store_path import StorePath
from imagetools.kernel.bytestr import to_str
from imagetools.kernel.hashes import SIZES, Hash

GOLDEN = Path(__file__).parents[2] / "golden" / "formats" / "derivations"


def golden() -> dict[str, str]:
    """Path of each golden .drv to its text."""
    return {f"/nix/store/{file.name}": to_str(file.read_bytes()) for file in sorted(GOLDEN.glob("*.drv"))}


def texts() -> st.SearchStrategy[str]:
    """Byte strings, quotes and escapes among them more often than by luck."""
    return st.one_of(
        st.text(alphabet='"\\\n\r\tna,()[]', max_size=12),
        st.text(alphabet=st.characters(max_codepoint=255), max_size=20),
    )


def path_texts(suffix: str = "") -> st.SearchStrategy[str]:
    names = st.from_regex(r"[a-z0-9+_?=-][a-z0-9.+_?=-]{0,12}", fullmatch=True)
    return st.builds(
        lambda digest, name: f"/nix/store/{StorePath(digest, name + suffix)}", st.binary(min_size=20, max_size=20), names
    )


def hashes() -> st.SearchStrategy[Hash]:
    return st.sampled_from(sorted(SIZES)).flatmap(
        lambda algo: st.binary(min_size=SIZES[algo], max_size=SIZES[algo]).map(lambda digest: Hash(algo, digest))
    )


def derivations() -> st.SearchStrategy[Derivation]:
    output_names = st.from_regex("[a-z]{1,6}", fullmatch=True)
    plain: st.SearchStrategy[dict[str, Output]] = st.dictionaries(
        output_names, path_texts().map(InputAddressed), min_size=1, max_size=4
    )
    fixed: st.SearchStrategy[dict[str, Output]] = st.builds(
        lambda path, method, value: {"out": FixedOutput(path, method, value)},
        path_texts(),
        st.sampled_from(["flat", "nar"]),
        hashes(),
    )
    inputs = st.dictionaries(
        path_texts(".drv"), st.sets(output_names, min_size=1, max_size=3).map(lambda names: tuple(sorted(names))), max_size=4
    )
    return st.builds(
        Derivation,
        st.just("sample"),
        st.one_of(plain, fixed),
        inputs,
        st.sets(path_texts(), max_size=3).map(lambda paths: tuple(sorted(paths))),
        texts(),
        texts(),
        st.lists(texts(), max_size=4).map(tuple),
        st.dictionaries(texts(), texts(), max_size=6),
    )
