"""The special attributes of a derivation, read once and typed (rows 4.035-4.053).

It reads; it does not judge: whether an attribute is honoured yet, and whether a path is in the store, is for whoever realises the
derivation. Nix quirk: with structured attributes (the variable ``__json``) everything is read from that JSON and the variables of
the same names have no effect; without them lists are words between white space and true is exactly ``1``.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, cast

from ..kernel.bytestr import from_unicode
from ..kernel.errors import ImagetoolsError
from . import structured_attrs

STRUCTURED: Final = structured_attrs.VARIABLE

_GRAPH_FILE: Final = re.compile("[A-Za-z_][A-Za-z0-9_.-]*")
_CHECKS: Final = (
    "allowedReferences",
    "allowedRequisites",
    "disallowedRequisites",
    "disallowedReferences",
    "maxSize",
    "maxClosureSize",
)
_WORD: Final = re.compile(r"[^ \t\n\r]+")


class DerivationOptionsError(ImagetoolsError):
    """``attribute`` has a value that it cannot have; the sentence says why."""

    def __init__(self, attribute: str, reason: str, hint: str | None = None) -> None:
        super().__init__(reason, hint)
        self.attribute = attribute


class OddTokensError(DerivationOptionsError):
    """A list of pairs has an odd number of words. Nix quirk: this one counts as a failed build."""

    exit_code: ClassVar[int] = 100


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
    (key of the JSON object, path), several for one key. ``graph_names``: all its names, also those without a path.
    ``without_effect``: attributes that only mean something without structured attributes.
    """

    structured_attrs: bool = False
    pass_as_file: tuple[str, ...] = ()
    export_references_graph: tuple[tuple[str, str], ...] = ()
    graph_names: tuple[str, ...] = ()
    impure_env_vars: tuple[str, ...] = ()
    required_features: tuple[str, ...] = ()
    prefer_local_build: bool = False
    allow_substitutes: bool = True
    no_chroot: bool = False
    impure_host_paths: tuple[str, ...] = ()
    unsafe_discard_references: frozenset[str] = frozenset()
    output_checks: Mapping[str, OutputChecks] = field(default_factory=dict)
    without_effect: tuple[str, ...] = ()

    @staticmethod
    def from_env(env: Mapping[str, str], outputs: Iterable[str] = ("out",), drv: str = "") -> "DerivationOptions":
        """Read the attributes from a derivation's variables and output names; ``drv`` (the base name of its ``.drv``) is for
        messages. Raises DerivationOptionsError."""
        text = env.get(STRUCTURED)
        source = _Variables(env) if text is None else _Structured(_decode(text, drv), drv)
        return DerivationOptions(
            structured_attrs=text is not None,
            pass_as_file=_Variables(env).words("passAsFile") or () if text is None else (),
            export_references_graph=source.graph(),
            graph_names=source.graph_names(),
            impure_env_vars=source.words("impureEnvVars") or (),
            required_features=source.words("requiredSystemFeatures") or (),
            prefer_local_build=source.flag("preferLocalBuild", False),
            allow_substitutes=source.flag("allowSubstitutes", True),
            no_chroot=source.flag("__noChroot", False),
            impure_host_paths=source.words("__impureHostDeps") or (),
            unsafe_discard_references=source.discarded(),
            output_checks=source.checks(outputs),
            without_effect=source.without_effect(),
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
            raise OddTokensError(name, f"odd number of tokens in '{name}': '{text}'")
        for file in words[::2]:
            if _GRAPH_FILE.fullmatch(file) is None:
                raise DerivationOptionsError(name, f"invalid file name '{file}' in '{name}'")
        return tuple(zip(words[::2], words[1::2], strict=True))

    def graph_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for name, _ in self.graph()))

    def discarded(self) -> frozenset[str]:
        return frozenset()

    def without_effect(self) -> tuple[str, ...]:
        return ()

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

    def __init__(self, attributes: Mapping[str, object], drv: str) -> None:
        self.attributes = attributes
        self._drv = drv

    def words(self, name: str) -> tuple[str, ...] | None:
        return self._strings(self.attributes, name, name)

    def flag(self, name: str, default: bool) -> bool:
        value = self.attributes.get(name, default)
        if not isinstance(value, bool):
            raise self._wrong(name, "a Boolean", value)
        return value

    def graph(self) -> tuple[tuple[str, str], ...]:
        return tuple((from_unicode(key), path) for key, paths in self._graphs().items() for path in paths)

    def graph_names(self) -> tuple[str, ...]:
        return tuple(from_unicode(key) for key in self._graphs())

    def _graphs(self) -> dict[str, tuple[str, ...]]:
        """Key to paths (bytestrs, sorted), in the order of the keys. Anything but an object is ignored, as in Nix."""
        name = "exportReferencesGraph"
        value = self.attributes.get(name)
        if not isinstance(value, dict):
            return {}
        return {key: tuple(sorted(set(_flatten(name, value[key])))) for key in sorted(value)}

    def discarded(self) -> frozenset[str]:
        name = "unsafeDiscardReferences"
        found: set[str] = set()
        for output, value in self._object(name, self.attributes.get(name, {})).items():
            if not isinstance(value, bool):
                raise self._wrong(f"{name}.{output}", "a Boolean", value)
            if value:
                found.add(from_unicode(output))
        return frozenset(found)

    def without_effect(self) -> tuple[str, ...]:
        return tuple(name for name in _CHECKS if name in self.attributes)

    def checks(self, outputs: Iterable[str]) -> Mapping[str, OutputChecks]:
        name = "outputChecks"
        found: dict[str, OutputChecks] = {}
        for output, value in self._object(name, self.attributes.get(name, {})).items():
            where = f"{name}.{output}"
            checks = self._object(where, value)
            found[from_unicode(output)] = OutputChecks(
                allowed_references=self._strings(checks, "allowedReferences", where),
                disallowed_references=self._strings(checks, "disallowedReferences", where) or (),
                allowed_requisites=self._strings(checks, "allowedRequisites", where),
                disallowed_requisites=self._strings(checks, "disallowedRequisites", where) or (),
                max_size=self._size(checks, "maxSize", where),
                max_closure_size=self._size(checks, "maxClosureSize", where),
            )
        return {output: found[output] for output in outputs if output in found}

    def _strings(self, attributes: Mapping[str, object], name: str, where: str) -> tuple[str, ...] | None:
        if name not in attributes:
            return None
        value = attributes[name]
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._wrong(where if where == name else f"{where}.{name}", "a list of strings", value)
        return tuple(sorted({from_unicode(item) for item in value}))

    def _size(self, attributes: Mapping[str, object], name: str, where: str) -> int | None:
        if name not in attributes:
            return None
        value = attributes[name]
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._wrong(f"{where}.{name}", "a number of bytes", value)
        return value

    def _object(self, name: str, value: object) -> Mapping[str, object]:
        if not isinstance(value, dict):
            raise self._wrong(name, "an object", value)
        return cast(Mapping[str, object], value)

    def _wrong(self, name: str, wanted: str, value: object) -> DerivationOptionsError:
        return _wrong(self._drv, name, wanted, value)


def _decode(text: str, drv: str) -> Mapping[str, object]:
    try:
        value = structured_attrs.parse(text)
    except ValueError as error:
        raise DerivationOptionsError(STRUCTURED, f"cannot process {STRUCTURED} attribute of '{drv}': {error}") from None
    if not isinstance(value, dict):
        raise _wrong(drv, STRUCTURED, "an object", value)
    return cast(Mapping[str, object], value)


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


def _wrong(drv: str, name: str, wanted: str, value: object) -> DerivationOptionsError:
    text = json.dumps(value)
    shown = text if len(text) <= 100 else text[:96] + " ..."
    return DerivationOptionsError(name, f"attribute '{name}' of derivation '{drv}' must be {wanted}", f"it is {shown}")
