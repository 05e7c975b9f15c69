"""What a builder finds in its environment and its folder: exactly Nix's variables and files. Pure.

Rows 4.013-4.024, 4.039, 4.040, 4.045, 4.048-4.050. Order of precedence is Nix's: PATH, HOME, NIX_STORE and NIX_BUILD_CORES give
way to the derivation; the build folder's variables, NIX_LOG_FD and TERM may not. Nix quirk
(tests/oracle/test_build_environment.py): ``PWD`` is set too, and fixed outputs see ``NIX_OUTPUT_CHECKED=1``. Structured
attributes are no variables, but in two files, whose places two variables name (as in Nix since 2.15: those inside the sandbox).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from imagetools.formats import structured_attrs
from imagetools.formats.addressing import placeholder
from imagetools.formats.closure import Closure
from imagetools.formats.derivation import Derivation
from imagetools.formats.drv_options import DerivationOptions
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreDir
from imagetools.kernel.bytestr import to_bytes
from imagetools.kernel.hashes import digest
from imagetools.realise import structured
from imagetools.realise.settings import RealiseSettings


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A builder's ``env``, ``args`` and ``files`` (name in the build folder to contents)."""

    env: Mapping[str, str]
    args: tuple[str, ...]
    files: Mapping[str, bytes]


class Placeholders:
    """Replaces the placeholder of each output (row 4.013) by its path."""

    def __init__(self, outputs: Mapping[str, str]) -> None:
        self._pairs = [(placeholder(name), path) for name, path in outputs.items()]

    def replace(self, text: str) -> str:
        for old, new in self._pairs:
            if old in text:
                text = text.replace(old, new)
        return text


def surroundings(
    derivation: Derivation,
    options: DerivationOptions,
    outputs: Mapping[str, str],
    graphs: Mapping[str, Closure],
    *,
    store_dir: StoreDir,
    folder: str,
    settings: RealiseSettings,
    as_variables: bool = False,
) -> Surroundings:
    """``outputs``: name to path; ``graphs``: what exportReferencesGraph asks for, by its name; ``folder``: the build folder, as
    seen inside; ``as_variables``: structured attributes are variables all the same (our own builders' way to read both).

    Raises DerivationOptionsError.
    """
    replace = Placeholders(outputs).replace
    files: dict[str, bytes] = {}
    env = {
        "PATH": "/path-not-set",
        "HOME": "/homeless-shelter",
        "NIX_STORE": store_dir.path,
        "NIX_BUILD_CORES": str(settings.cores),
    }
    if options.structured_attrs:
        attributes = structured.attributes(derivation.env, outputs, graphs, store_dir)
        files[".attrs.sh"] = to_bytes(replace(structured_attrs.shell(attributes)))
        files[".attrs.json"] = to_bytes(replace(structured_attrs.dump(attributes)))
        if as_variables:
            env |= structured_attrs.variables(attributes) | dict(outputs)
    else:
        files |= {name: graph_text(store_dir, graph) for name, graph in graphs.items()}
        for name, value in derivation.env.items():
            if name in options.pass_as_file:
                file = ".attr-" + digest("sha256", to_bytes(name)).base32()
                files[file] = to_bytes(replace(value))
                env[name + "Path"] = f"{folder}/{file}"
            else:
                env[name] = value
    for name in ("NIX_BUILD_TOP", "TMPDIR", "TEMPDIR", "TMP", "TEMP", "PWD"):
        env[name] = folder
    if derivation.is_fixed:
        env["NIX_OUTPUT_CHECKED"] = "1"
        for name in options.impure_env_vars:
            env[name] = settings.environment.get(name, "")
    env["NIX_LOG_FD"] = "2"
    env["TERM"] = "xterm-256color"
    if options.structured_attrs:
        env["NIX_ATTRS_SH_FILE"] = f"{folder}/.attrs.sh"
        env["NIX_ATTRS_JSON_FILE"] = f"{folder}/.attrs.json"
    return Surroundings({replace(k): replace(v) for k, v in env.items()}, tuple(replace(arg) for arg in derivation.args), files)


def validity_registration(store_dir: StoreDir, infos: Iterable[PathInfo]) -> bytes:
    """The text form of a graph: path, empty deriver, number of references, references; sorted by path (row 4.039)."""
    lines: list[str] = []
    for info in sorted(infos, key=lambda item: item.path):
        lines += [store_dir.join(info.path), "", str(len(info.references))]
        lines += [store_dir.join(reference) for reference in info.references]
    return to_bytes("".join(line + "\n" for line in lines))


def graph_text(store_dir: StoreDir, closure: Closure) -> bytes:
    """``validity_registration`` of a whole closure."""
    return validity_registration(store_dir, closure.members.values())
