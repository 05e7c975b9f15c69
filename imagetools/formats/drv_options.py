"""The special attributes of a derivation, read once and typed (rows 4.035-4.053).

It reads; it does not judge: whether an attribute is honoured yet, and whether a path is in the store, is for whoever realises the
derivation. Nix quirk: with structured attributes (the variable ``__json``) everything is read from that JSON and the variables of
the same names have no effect; without them lists are words between white space and true is exactly ``1``.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from ..kernel.bytestr import from_unicode, to_bytes
from ..kernel.errors import ImagetoolsError

STRUCTURED: Final = "__json"

_GRAPH_FILE: Final = re.compile("[A-Za-z_][A-Za-z0-9_.-]*")
_WORD: Final = re.compile(r"[^ \t\n\r]+")


class DerivationOptionsError(ImagetoolsError):
    """``attribute`` has a value that it cannot have; the sentence says why."""

    def __init__(self, attribute: str, reason: str) -> None:
        super().__init__(reason)
        self.attribute = attribute


@dataclass(frozen=True)
class OutputChecks:
    """What an output may contain. Items are store paths or output names as written; None means no limit, sizes are bytes.

    ``ignore_self`` says that a reference of an output to itself counts for nothing (the form without structured attributes).
    """

    allowed_references: tuple[str, ...] | None = None
    disallowed_references: tuple[str, ...] = ()
    allowed_requisites: tuple[str, ...] | None = None
    disallowed_requisites: tuple[str, ...] = ()
    max_size: int | None = None
    max_closure_size: int | None = None
    ignore_self: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing is checked."""
        return self == OutputChecks(ignore_self=self.ignore_self)


@dataclass(frozen=True)
class DerivationOptions:
    """All special attributes. Word lists are sorted, none twice, but ``export_references_graph`` which keeps its order.

    ``export_references_graph``: pairs (file name in the build folder, path whose closure goes there); with structured attributes
    (key of the JSON object, path), several for one key.
    """

    structured_attrs: bool = False
    pass_as_file: tuple[str, ...] = ()
    export_references_graph: tuple[tuple[str, str], ...] = ()
    impure_env_vars: tuple[str, ...] = ()
    required_features: tuple[str, ...] = ()
    prefer_local_build: bool = False
    allow_substitutes: bool = True
    no_chroot: bool = False
    unsafe_discard_references: frozenset[str] = frozenset()
    output_checks: Mapping[str, OutputChecks] = field(default_factory=dict)

    @staticmethod
    def from_env(env: Mapping[str, str], outputs: Iterable[str] = ("out",)) -> "DerivationOptions":
        """Read the attributes from a derivation's variables and output names. Raises DerivationOptionsError."""
        text = env.get(STRUCTURED)
        source = _Variables(env) if text is None else _Structured(_decode(text))
        return DerivationOptions(
            structured_attrs=text is not None,
            pass_as_file=_Variables(env).words("passAsFile") or () if text is None else (),
            export_references_graph=source.graph(),
            impure_env_vars=source.words("impureEnvVars") or (),
            required_features=source.words("requiredSystemFeatures") or (),
            prefer_local_build=source.flag("preferLocalBuild", False),
            allow_substitutes=source.flag("allowSubstitutes", True),
            no_chroot=source.flag("__noChroot", False),
            unsafe_discard_references=source.discarded(),
            output_checks=source.checks(outputs),
        )

    def checks(self, output: str) -> OutputChecks:
        """The checks of one output."""
        return self.output_checks.get(output, OutputChecks())


class _Variables:
    """The attributes as plain variables."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env

    def words(self, name: str) -> tuple[str, ...] | None:
        value = self.env.get(name)
        return None if value is None else tuple(sorted(set(_WORD.findall(value))))

    def flag(self, name: str, default: bool) -> bool:
        value = self.env.get(name)
        return default if value is None else value == "1"

    def graph(self) -> tuple[tuple[str, str], ...]:
        name = "exportReferencesGraph"
        text = self.env.get(name, "")
        words = _WORD.findall(text)
        if len(words) % 2:
            raise DerivationOptionsError(name, f"odd number of tokens in '{name}': '{text}'")
        for file in words[::2]:
            if _GRAPH_FILE.fullmatch(file) is None:
                raise DerivationOptionsError(name, f"invalid file name '{file}' in '{name}'")
        return tuple(zip(words[::2], words[1::2], strict=True))

    def discarded(self) -> frozenset[str]:
        return frozenset()

    def checks(self, outputs: Iterable[str]) -> Mapping[str, OutputChecks]:
        found = OutputChecks(
            allowed_references=self.words("allowedReferences"),
            disallowed_references=self.words("disallowedReferences") or (),
            allowed_requisites=self.words("allowedRequisites"),
            disallowed_requisites=self.words("disallowedRequisites") or (),
            ignore_self=True,
        )
        return {} if found.empty else dict.fromkeys(outputs, found)


class _Structured:
    """The attributes as JSON. Texts of it become byte strings, as everywhere."""

    def __init__(self, attributes: Mapping[str, object]) -> None:
        self.attributes = attributes

    def words(self, name: str) -> tuple[str, ...] | None:
        return _strings(self.attributes, name, name)

    def flag(self, name: str, default: bool) -> bool:
        value = self.attributes.get(name, default)
        if not isinstance(value, bool):
            raise _wrong(name, "a Boolean", value)
        return value

    def graph(self) -> tuple[tuple[str, str], ...]:
        name = "exportReferencesGraph"
        value = self.attributes.get(name)
        if not isinstance(value, dict):  # ignored, as in Nix (which warns)
            return ()
        pairs: list[tuple[str, str]] = []
        for key, paths in value.items():
            pairs.extend((from_unicode(key), path) for path in sorted(set(_flatten(name, paths))))
        return tuple(pairs)

    def discarded(self) -> frozenset[str]:
        name = "unsafeDiscardReferences"
        found: set[str] = set()
        for output, value in _object(name, self.attributes.get(name, {})).items():
            if not isinstance(value, bool):
                raise _wrong(f"{name}.{output}", "a Boolean", value)
            if value:
                found.add(from_unicode(output))
        return frozenset(found)

    def checks(self, outputs: Iterable[str]) -> Mapping[str, OutputChecks]:
        name = "outputChecks"
        found: dict[str, OutputChecks] = {}
        for output, value in _object(name, self.attributes.get(name, {})).items():
            where = f"{name}.{output}"
            checks = _object(where, value)
            found[from_unicode(output)] = OutputChecks(
                allowed_references=_strings(checks, "allowedReferences", where),
                disallowed_references=_strings(checks, "disallowedReferences", where) or (),
                allowed_requisites=_strings(checks, "allowedRequisites", where),
                disallowed_requisites=_strings(checks, "disallowedRequisites", where) or (),
                max_size=_size(checks, "maxSize", where),
                max_closure_size=_size(checks, "maxClosureSize", where),
            )
        return {output: found[output] for output in outputs if output in found}


def _decode(text: str) -> Mapping[str, object]:
    try:
        value: object = json.loads(to_bytes(text))
    except (ValueError, RecursionError) as error:
        raise DerivationOptionsError(STRUCTURED, f"cannot process {STRUCTURED} attribute: {error}") from None
    return _object(STRUCTURED, value)


def _object(name: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise _wrong(name, "an object", value)
    return cast(Mapping[str, object], value)


def _strings(attributes: Mapping[str, object], name: str, where: str) -> tuple[str, ...] | None:
    value = attributes.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong(where if where == name else f"{where}.{name}", "a list of strings", value)
    return tuple(sorted({from_unicode(item) for item in value}))


def _size(attributes: Mapping[str, object], name: str, where: str) -> int | None:
    value = attributes.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _wrong(f"{where}.{name}", "a number of bytes", value)
    return value


def _flatten(name: str, value: object) -> list[str]:
    found: list[str] = []
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, list):
            todo.extend(item)
        elif isinstance(item, str):
            found.append(from_unicode(item))
        else:
            raise DerivationOptionsError(name, f"'{name}' value is not an array or a string")
    return found


def _wrong(name: str, wanted: str, value: object) -> DerivationOptionsError:
    return DerivationOptionsError(name, f"attribute '{name}' must be {wanted}, not {json.dumps(value)}")
