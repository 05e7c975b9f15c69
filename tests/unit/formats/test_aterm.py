""".drv files: what real Nix wrote comes back byte for byte; what nobody writes is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.formats.aterm import ATermError, parse, serialise
from imagetools.formats.derivation import Derivation
from imagetools.kernel.errors import ImagetoolsError, NotYetError
from tests.unit.formats.samples import derivations, golden

PART = "3x7dwzq014bblazs7kq20p9hyzz0qh8g"
P = f"/nix/store/{PART}-p"
D = f"/nix/store/{PART}-d.drv"
HEX = "0" * 64
UPPER = "A" * 64
BASE32 = "0" * 52


def drv(outputs: str = '("out","","","")', inputs: str = "", sources: str = "", args: str = "", env: str = "") -> str:
    return f'Derive([{outputs}],[{inputs}],[{sources}],"s","b",[{args}],[{env}])'


@pytest.mark.parametrize("path", sorted(golden()))
def test_files_of_real_nix_come_back(path: str) -> None:
    text = golden()[path]
    assert serialise(parse(text, "n")) == text


def test_what_a_file_means() -> None:
    (text,) = [text for path, text in golden().items() if path.endswith("-multi.drv")]
    found = parse(text, "multi")
    assert list(found.outputs) == ["a-b", "dev", "out", "zoo"]
    assert found.outputs["dev"].path == "/nix/store/xjh5d1rjia93aayip27ilq69przys3pb-multi-dev"
    assert found.input_drvs == {"/nix/store/gvagl97w6p0a2v8pll80xdgpm8x1wd9k-f.tar.gz.drv": ("out",)}
    assert found.input_srcs == ("/nix/store/wzflyq5q9kjg4p27yck2nnispnblxsnh-a.txt",)
    assert (found.system, found.builder, found.args[:3]) == ("x86_64-linux", "/bin/sh", ("-c", "x\ty", ""))
    assert found.env["odd"] == 'a"b\\c\nd\re\tf${x}\xc3\xbc'
    assert found.env['we"ird\n'] == "1"


@given(derivations())
def test_any_derivation_comes_back(value: Derivation) -> None:
    text = serialise(value)
    again = parse(text, value.name)
    assert again == value
    assert serialise(again) == text


@given(derivations())
def test_order_of_mappings_does_not_show(value: Derivation) -> None:
    def turned(mapping: dict[str, object]) -> dict[str, object]:
        return dict(reversed(mapping.items()))

    other = Derivation(
        value.name,
        turned(value.outputs),  # type: ignore[arg-type]
        turned(value.input_drvs),  # type: ignore[arg-type]
        value.input_srcs[::-1],
        value.system,
        value.builder,
        value.args,
        turned(value.env),  # type: ignore[arg-type]
    )
    assert serialise(other) == serialise(value)


def test_masked_outputs_have_no_paths_and_their_variables_no_values() -> None:
    value = parse(drv(f'("dev","{P}","",""),("out","{P}","","")', env='("dev","1"),("other","2"),("out","3")'), "n")
    assert serialise(value, mask_outputs=True) == drv(
        '("dev","","",""),("out","","","")', env='("dev",""),("other","2"),("out","")'
    )


def test_control_characters_are_no_borders() -> None:
    value = parse(drv(env='("a\x01","1\x02"),("b","\x01\\n")'), "n")
    assert value.env == {"a\x01": "1\x02", "b": "\x01\n"}
    assert serialise(value) == drv(env='("a\x01","1\x02"),("b","\x01\\n")')


def test_inputs_can_be_replaced() -> None:
    value = parse(drv(inputs=f'("{D}",["out"])'), "n")
    assert serialise(value, replace_inputs={"b": ("x", "a"), "a": ("out",)}) == drv(inputs='("a",["out"]),("b",["a","x"])')
    assert serialise(value, replace_inputs={}) == drv()


def test_unsorted_lists_are_read_and_written_sorted() -> None:
    """As Nix does."""
    other = f"/nix/store/{PART}-a"
    text = drv('("out","","",""),("dev","","","")', sources=f'"{P}","{other}"', env='("b",""),("a","")')
    assert serialise(parse(text, "n")) == drv(
        '("dev","","",""),("out","","","")', sources=f'"{other}","{P}"', env='("a",""),("b","")'
    )


REFUSED = {  # ¦ stands where the error is reported
    "duplicate output": (drv('("out","","",""),¦("out","","","")'), "duplicate output 'out'"),
    "duplicate input": (drv(inputs=f'("{D}",["out"]),¦("{D}",["dev"])'), f"duplicate input derivation '{D}'"),
    "duplicate input output": (drv(inputs=f'¦("{D}",["out","out"])'), f"input derivation '{D}' names an output twice"),
    "input without outputs": (drv(inputs=f'¦("{D}",[])'), f"input derivation '{D}' names no outputs"),
    "duplicate source": (drv(sources=f'"{P}",¦"{P}"'), f"duplicate input source '{P}'"),
    "duplicate variable": (drv(env='("a","1"),¦("a","2")'), "duplicate variable 'a'"),
    "bytes after the end": (drv() + "¦\n", "1 bytes after the end"),
    "unknown escape": (drv(args=r'"a¦\x"'), r"unknown escape '\x'"),
    "escaped line feed": (drv(args='"a¦\\\nb"'), "unknown escape '\\\n'"),
    "open string": ('Derive([(¦"out', "expected a string, or its end is missing"),
    "open escape": ('Derive([(¦"out\\"', "expected a string, or its end is missing"),
    "truncated": (drv()[:-1] + "¦", "expected ')'"),
    "empty": ("¦", "expected 'Derive('"),
    "other word": ("¦Derived([])", "expected 'Derive('"),
    "white space": (drv('("out",¦ "","","")'), "expected a string, or its end is missing"),
    "missing comma": (drv(args='"a"¦"b"'), "expected ','"),
    "comma at the end": (drv(args='"a",¦'), "expected a string, or its end is missing"),
    "comma at the start": (drv(args='¦,"a"'), "expected a string, or its end is missing"),
    "output path outside": (drv('("out",¦"/tmp/x","","")'), "'/tmp/x' is not a store path"),
    "source outside": (drv(sources='¦"/tmp/x"'), "'/tmp/x' is not a store path"),
    "input inside of an object": (drv(inputs=f'(¦"{D}/x",["out"])'), f"'{D}/x' is not a store path"),
    "hash without algorithm": (drv(f'¦("out","","","{HEX}")'), "output 'out' has a hash but no hash algorithm"),
    "unknown algorithm": (drv(f'¦("out","","sha3","{HEX}")'), "unknown hash algorithm 'sha3'"),
    "unknown method": (drv(f'¦("out","","x:sha256","{HEX}")'), "unknown hash algorithm 'x:sha256'"),
    "short hash": (drv('¦("out","","sha256","00")'), "'00' is not a base-16 hash of sha256"),
    "upper case hash": (drv(f'¦("out","","sha256","{UPPER}")'), f"'{UPPER}' is not a base-16 hash of sha256"),
    "base-32 hash": (drv(f'¦("out","","sha256","{BASE32}")'), f"'{BASE32}' is not a base-16 hash of sha256"),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_refused(case: str) -> None:
    marked, reason = REFUSED[case]
    offset = marked.index("¦")
    with pytest.raises(ATermError) as caught:
        parse(marked.replace("¦", ""), "n")
    assert (caught.value.reason, caught.value.offset) == (reason, offset)
    assert caught.value.message == f"error parsing derivation 'n' at byte {offset}: {reason}"


@pytest.mark.parametrize(
    "text",
    ['DrvWithVersion("xp-dyn-drv",[],[],[],"","",[],[])', drv('("out","","r:sha256","")'), drv('("out","","sha256","impure")')],
)
def test_kinds_of_newer_nix_are_named(text: str) -> None:
    with pytest.raises(NotYetError, match="derivation 'n'"):
        parse(text, "n")


@given(st.sampled_from(sorted(golden().values())), st.data())
def test_damaged_files_are_read_or_refused(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 3))
    put = data.draw(st.text(alphabet=st.sampled_from('"\\,()[]nx0\x00ÿ'), max_size=3))
    damaged = text[:at] + put + text[at + length :]
    try:
        value = parse(damaged, "n")
    except ImagetoolsError:
        return
    assert parse(serialise(value), "n") == value
