"""``import`` of a .drv file in the store: the derivation as a set, much as ``derivation`` would have given it.

Nix quirk: only ``drvPath``, ``name``, ``type``, ``all``, ``outPath``, ``outputName`` and one attribute an output are
there, not the arguments that the derivation was made from; the set is that of the first output by name.
"""

from imagetools.formats.aterm import parse
from imagetools.kernel.bytestr import to_str
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.values.model import Attrs, NixString


def derivation_value(m: Machine, path: str) -> object:
    """The set for the .drv file at ``path``."""
    drv = parse(to_str(m.io.read_file(path)), path)
    common: dict[str, object] = {}
    results: list[object] = []
    by_output: dict[str, Attrs] = {}
    for output in sorted(drv.outputs):
        one = Attrs({})
        by_output[output] = one
        results.append(one)
        common[output] = one
    common["all"] = results
    common["drvPath"] = NixString(path, frozenset(["=" + path]))
    common["name"] = drv.env.get("name", "")
    common["type"] = "derivation"
    for output, one in by_output.items():
        one.d.update(common)
        one.d["outPath"] = NixString(drv.outputs[output].path, frozenset([f"!{output}!{path}"]))
        one.d["outputName"] = output
    return results[0]
