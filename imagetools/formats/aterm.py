"""Derivation files (.drv): the text ``Derive([outputs],[inputs],[sources],system,builder,[args],[env])``, both ways.

The writer is canonical: everything sorted by bytes, since the text is hashed into every path that depends on it. The reader is
strict: it takes what the writer (and Nix) writes and refuses what Nix only tolerates without ever writing it: foreign escapes, an
empty list item, a duplicate name, bytes after the end. Order of items is not checked, as Nix does not check it either.
Source: Nix manual, "Derivation ATerm file format". Writing is hot: several texts for each derivation that is evaluated.
"""

import re
from collections.abc import Mapping
from typing import Final

from ..kernel.errors import ImagetoolsError, NotYetError
from ..kernel.hashes import SIZES, Hash
from .derivation import Derivation, FixedOutput, InputAddressed, Output
from .store_path import MAX_NAME

HEAD: Final = "Derive("

_VERSIONED: Final = "DrvWithVersion("
_UNESCAPES: Final[dict[str, str]] = {"\\\\": "\\", '\\"': '"', "\\n": "\n", "\\r": "\r", "\\t": "\t"}

# Compiled when they are first needed: most evaluations read no derivation.
_STRING: Final = r'(?s)"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
_ESCAPE: Final = r"\\(?s:.)"
_STORE_PATH: Final = rf'(?:/[^/\x00"\\]+)+/[0-9a-df-np-sv-z]{{32}}-[0-9A-Za-z+\-._?=]{{1,{MAX_NAME}}}'


class ATermError(ImagetoolsError):
    """The text is not a derivation. ``name`` is the derivation's, ``offset`` the byte where reading stopped."""

    def __init__(self, name: str, offset: int, reason: str) -> None:
        super().__init__(f"error parsing derivation '{name}' at byte {offset}: {reason}")
        self.name = name
        self.offset = offset
        self.reason = reason


def escape(text: str) -> str:
    """``text`` with the five escapes. Five plain searches are faster than one translation character by character."""
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if '"' in text:
        text = text.replace('"', '\\"')
    if "\n" in text:
        text = text.replace("\n", "\\n")
    if "\r" in text:
        text = text.replace("\r", "\\r")
    if "\t" in text:
        text = text.replace("\t", "\\t")
    return text


def quote(text: str) -> str:
    """``text`` between quotes, escaped."""
    return '"' + escape(text) + '"'


def serialise(drv: Derivation, mask_outputs: bool = False, replace_inputs: Mapping[str, tuple[str, ...]] | None = None) -> str:
    """The text of ``drv`` (a byte string).

    ``mask_outputs`` leaves out what follows from the outputs: their paths, and the values of the variables named like them.
    ``replace_inputs`` stands in place of ``drv.input_drvs`` (base-16 hashes in place of paths), for the hash modulo.
    """
    inputs = drv.input_drvs if replace_inputs is None else replace_inputs
    head = HEAD + outputs_text(drv.outputs, mask_outputs) + inputs_text(inputs)
    return head + middle_text(drv) + environment_text(drv, mask_outputs)


def fixed_algorithm(output: FixedOutput) -> str:
    """The third field of a fixed output: ``sha256`` or ``r:sha256``."""
    return ("r:" if output.method == "nar" else "") + output.hash.algo


def outputs_text(outputs: Mapping[str, Output], mask: bool) -> str:
    """The first part of the text, after ``HEAD``. The four parts serve callers that need several texts of one derivation."""
    items: list[str] = []
    for name in sorted(outputs):
        output = outputs[name]
        path = "" if mask else output.path
        if isinstance(output, FixedOutput):
            kind = fixed_algorithm(output)
            items.append(f'("{name}","{path}","{kind}","{output.hash.digest.hex()}")')
        else:
            items.append(f'("{name}","{path}","","")')
    return "[" + ",".join(items) + "]"


def inputs_text(inputs: Mapping[str, tuple[str, ...]]) -> str:
    """The second part: input derivations (or what replaces them)."""
    if not inputs:
        return ",[]"
    items: list[str] = []
    for path in sorted(inputs):
        names = inputs[path]
        used = names[0] if len(names) == 1 else '","'.join(sorted(names))
        items.append(f'("{path}",["{used}"])')
    return ",[" + ",".join(items) + "]"


def middle_text(drv: Derivation) -> str:
    """The third part: sources, system, builder, arguments."""
    sources = '["' + '","'.join(sorted(drv.input_srcs)) + '"]' if drv.input_srcs else "[]"
    args = ",".join([quote(arg) for arg in drv.args])
    return "," + sources + "," + quote(drv.system) + "," + quote(drv.builder) + ",[" + args + "],["


def environment_text(drv: Derivation, mask: bool) -> str:
    """The last part: variables, to the end of the text."""
    pieces = environment_pieces(drv)
    if mask:
        return "".join(pieces)
    return with_outputs(pieces, drv.outputs, drv.env)


def with_outputs(pieces: list[str], outputs: Mapping[str, Output], values: Mapping[str, str]) -> str:
    """The last part from its pieces and the ``values`` of the variables named like outputs."""
    text = pieces[0]
    following = 1
    for name in sorted(outputs):
        if name in values:
            text += escape(values[name]) + pieces[following]
            following += 1
    return text


def environment_pieces(drv: Derivation) -> list[str]:
    """The last part, cut where the value of a variable named like an output stands: what is hashed for the output paths and what
    is written differ there alone."""
    env = drv.env
    outputs = drv.outputs
    names = sorted(env)
    if not names:
        return ["])"]
    plain = "\\" not in escape("\x00".join(names))
    pieces: list[str] = []
    parts = ['("']
    for name in names:
        parts.append(name if plain else escape(name))
        parts.append('","')
        if name in outputs:
            pieces.append("".join(parts))
            parts = []
        else:
            parts.append(escape(env[name]))
        parts.append('"),("')
    parts[-1] = '")])'
    pieces.append("".join(parts))
    return pieces


def parse(text: str, name: str) -> Derivation:
    """Read the text of a .drv file (a byte string); ``name`` is the derivation's name, which the text does not hold.

    Raises ATermError, and NotYetError for content-addressed, impure and dynamic derivations of newer Nix.
    """
    if text.startswith(_VERSIONED):
        raise NotYetError(f"the format of derivation '{name}' (dynamic derivations)")
    reader = _Reader(text, name)
    reader.expect(HEAD)
    outputs: dict[str, Output] = {}
    reader.expect("[")
    while reader.more(len(outputs)):
        reader.output(outputs)
    inputs: dict[str, tuple[str, ...]] = {}
    reader.expect(",[")
    while reader.more(len(inputs)):
        reader.input(inputs)
    reader.expect(",")
    sources = reader.sources()
    reader.expect(",")
    system = reader.string()
    reader.expect(",")
    builder = reader.string()
    reader.expect(",")
    args = reader.strings()
    env: dict[str, str] = {}
    reader.expect(",[")
    while reader.more(len(env)):
        reader.variable(env)
    reader.expect(")")
    if reader.offset != len(text):
        raise ATermError(name, reader.offset, f"{len(text) - reader.offset} bytes after the end")
    return Derivation(name, outputs, inputs, sources, system, builder, tuple(args), env)


class _Reader:
    """A position in the text, and one method for each production of the grammar."""

    def __init__(self, text: str, name: str) -> None:
        self.text: Final = text
        self.name: Final = name
        self.offset = 0
        self.string_at: Final = re.compile(_STRING)

    def expect(self, literal: str) -> None:
        if not self.text.startswith(literal, self.offset):
            raise ATermError(self.name, self.offset, f"expected '{literal}'")
        self.offset += len(literal)

    def more(self, count: int) -> bool:
        """Inside a list, after ``count`` items: step over the comma and say yes, or over the bracket and say no."""
        if self.text.startswith("]", self.offset):
            self.offset += 1
            return False
        if count:
            self.expect(",")
        return True

    def string(self) -> str:
        found = self.string_at.match(self.text, self.offset)
        if found is None:
            raise ATermError(self.name, self.offset, "expected a string, or its end is missing")
        start = self.offset
        self.offset = found.end()
        body = found.group(1)
        if "\\" not in body:
            return body
        parts: list[str] = []
        last = 0
        for escape in re.finditer(_ESCAPE, body):
            plain = _UNESCAPES.get(escape.group())
            if plain is None:
                raise ATermError(self.name, start + 1 + escape.start(), f"unknown escape '{escape.group()}'")
            parts.append(body[last : escape.start()])
            parts.append(plain)
            last = escape.end()
        parts.append(body[last:])
        return "".join(parts)

    def strings(self) -> list[str]:
        self.expect("[")
        found: list[str] = []
        while self.more(len(found)):
            found.append(self.string())
        return found

    def path(self) -> str:
        start = self.offset
        path = self.string()
        if re.fullmatch(_STORE_PATH, path) is None:
            raise ATermError(self.name, start, f"'{path}' is not a store path")
        return path

    def output(self, outputs: dict[str, Output]) -> None:
        start = self.offset
        self.expect("(")
        output_name = self.string()
        if output_name in outputs:
            raise ATermError(self.name, start, f"duplicate output '{output_name}'")
        if '"' in output_name or "\\" in output_name:  # written without escapes, so it would not be the same again
            raise ATermError(self.name, start, f"'{output_name}' is not a name of an output")
        self.expect(",")
        at_path = self.offset
        path = self.string()
        if path and re.fullmatch(_STORE_PATH, path) is None:
            raise ATermError(self.name, at_path, f"'{path}' is not a store path")
        self.expect(",")
        kind = self.string()
        self.expect(",")
        digest = self.string()
        self.expect(")")
        if kind:
            outputs[output_name] = self.fixed(start, path, kind, digest)
        elif digest:
            raise ATermError(self.name, start, f"output '{output_name}' has a hash but no hash algorithm")
        else:
            outputs[output_name] = InputAddressed(path)

    def fixed(self, start: int, path: str, kind: str, digest: str) -> FixedOutput:
        method = "nar" if kind.startswith("r:") else "flat"
        algo = kind[2:] if method == "nar" else kind
        if digest in ("", "impure"):
            raise NotYetError(f"a content-addressed or impure output (derivation '{self.name}')")
        if algo not in SIZES:
            raise ATermError(self.name, start, f"unknown hash algorithm '{kind}'")
        try:
            raw = bytes.fromhex(digest)
        except ValueError:
            raw = b""
        if len(raw) != SIZES[algo] or raw.hex() != digest:
            raise ATermError(self.name, start, f"'{digest}' is not a base-16 hash of {algo}")
        return FixedOutput(path, method, Hash(algo, raw))

    def input(self, inputs: dict[str, tuple[str, ...]]) -> None:
        start = self.offset
        self.expect("(")
        path = self.path()
        if path in inputs:
            raise ATermError(self.name, start, f"duplicate input derivation '{path}'")
        self.expect(",")
        names = self.strings()
        self.expect(")")
        if not names:
            raise ATermError(self.name, start, f"input derivation '{path}' names no outputs")
        if len(set(names)) != len(names):
            raise ATermError(self.name, start, f"input derivation '{path}' names an output twice")
        if any('"' in name or "\\" in name for name in names):
            raise ATermError(self.name, start, f"input derivation '{path}' names what is no name of an output")
        inputs[path] = tuple(sorted(names))

    def sources(self) -> tuple[str, ...]:
        self.expect("[")
        found: dict[str, None] = {}
        while self.more(len(found)):
            start = self.offset
            path = self.path()
            if path in found:
                raise ATermError(self.name, start, f"duplicate input source '{path}'")
            found[path] = None
        return tuple(sorted(found))

    def variable(self, env: dict[str, str]) -> None:
        start = self.offset
        self.expect("(")
        key = self.string()
        if key in env:
            raise ATermError(self.name, start, f"duplicate variable '{key}'")
        self.expect(",")
        env[key] = self.string()
        self.expect(")")
