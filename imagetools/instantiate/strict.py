"""``derivationStrict``: from a set of attributes to a derivation (rows 4.001-4.013, 4.039-4.048).

Attributes are coerced in the order of their names, since that order decides which error a person sees. With
``__structuredAttrs`` they go into
one JSON text, ``__json``, as Nix writes it. Nix quirk: ``args`` becomes the argument list and no variable, ``__ignoreNulls``
drops null attributes.
"""

from typing import Final

from imagetools.formats.store_path import StoreNameError, check_name
from imagetools.instantiate.assemble import AssemblyError, Parts, read_algo, read_mode, read_outputs
from imagetools.instantiate.known import Known
from imagetools.kernel.errors import ImagetoolsError, NotYetError
from imagetools.lang.runtime import json
from imagetools.lang.runtime.coerce import to_string
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.runtime.positions import Pos
from imagetools.lang.values.model import Attrs, make_string

EXPERIMENTAL: Final = {"__contentAddressed": "ca-derivations", "__impure": "impure-derivations"}
SPECIAL: Final = ("builder", "system", "outputHash", "outputHashAlgo", "outputHashMode", "outputs")


class StrictDerivation:
    """The builtin, with the derivations that this evaluation knows."""

    def __init__(self, known: Known) -> None:
        self.known = known

    def make(self, m: Machine, attrs: object) -> object:
        """What a derivation needs to be built, written down: ``{ drvPath; <output>; ... }``, strings that depend on it.
        ``derivation`` is its friendly form.

        ``name``, ``system`` and ``builder`` must be there; all other attributes become environment variables (or, with
        ``__structuredAttrs``, one JSON file), but ``args`` the arguments of the builder. Fails where an attribute has no
        text, or one with a meaning (``outputs``, ``outputHash``, ``outputHashAlgo``, ``outputHashMode``) makes no sense.
        Example: ``(derivationStrict { name = "x"; system = "s"; builder = "b"; }).out`` is
        "/nix/store/gwwjwi08fyrbrz2d8zkfvy65nzzq2czp-x".
        """
        given = m.attrs(attrs)
        if "name" not in given.d:
            missing = EvalError("attribute 'name' missing")
            missing.push("in the attrset passed as argument to builtins.derivationStrict")
            raise missing
        try:
            name = m.string(given.d["name"])
        except EvalError as error:
            place = _place(given, "name")
            if place is not None:
                error.at(place)
            error.push("while evaluating the derivation attribute 'name'", place)
            raise
        try:
            return self._make(m, given, name)
        except EvalError as error:
            error.push(f"while instantiating the derivation named '{name}'", _place(given, "name"))
            raise
        except (AssemblyError, StoreNameError) as fault:
            message = fault.message
            if isinstance(fault, StoreNameError):
                message = f"invalid derivation name: {message}. Please pass a different 'name'."
            wrapped = EvalError(message, _place(given, "name"), fault.hint)
            wrapped.push(f"while instantiating the derivation named '{name}'", _place(given, "name"))
            raise wrapped from None

    def _make(self, m: Machine, given: Attrs, name: str) -> object:
        check_name(name)
        parts = Parts(name)
        context: set[str] = set()
        if _flag(m, given, "__structuredAttrs"):
            _read_structured(m, given, parts, context)
        else:
            _read_plain(m, given, parts, context)
        self._read_context(context, parts)
        made = self.known.add(parts)
        values: dict[str, object] = {"drvPath": make_string(made.path, {"=" + made.path})}
        for output, spec in made.outputs.items():
            values[output] = make_string(spec.path, {f"!{output}!{made.path}"})
        return Attrs(values)

    def _read_context(self, context: set[str], parts: Parts) -> None:
        """What the strings depend on becomes the inputs."""
        for element in context:
            if element.startswith("!"):
                _, output, path = element.split("!", 2)
                parts.input_drvs.setdefault(path, set()).add(output)
            elif element.startswith("="):
                for path in self.known.requisites(element[1:]):
                    parts.input_srcs.add(path)
                    if path.endswith(".drv"):
                        parts.input_drvs.setdefault(path, set()).update(self.known.get(path).outputs)
            else:
                parts.input_srcs.add(element)


def _place(given: Attrs, name: str) -> Pos | None:
    return None if given.origin is None else given.origin.find(name)


def _flag(m: Machine, given: Attrs, name: str) -> bool:
    return name in given.d and m.bool(
        given.d[name], f"while evaluating the `{name}` attribute passed to builtins.derivationStrict"
    )


def _left_out(m: Machine, given: Attrs, name: str, ignore_nulls: bool) -> bool:
    """Whether an attribute is none of the derivation's: null where ``__ignoreNulls`` says so, or a word to Nix that says no.

    Asked when its turn comes, not before: what fails first decides whether ``tryEval`` sees it.
    """
    if name == "__ignoreNulls" or (ignore_nulls and m.force(given.d[name]) is None):
        return True
    feature = EXPERIMENTAL.get(name)
    if feature is None:
        return False
    if _flag(m, given, name):
        raise NotYetError(f"the derivation attribute '{name}' (Nix's experimental feature '{feature}')")
    return True


def _read_args(m: Machine, value: object, parts: Parts, context: set[str]) -> None:
    parts.args = [to_string(m, item, context, True, True) for item in m.list(value)]


def _read_plain(m: Machine, given: Attrs, parts: Parts, context: set[str]) -> None:
    ignore_nulls = _flag(m, given, "__ignoreNulls")
    for name in sorted(given.d):
        try:
            if _left_out(m, given, name, ignore_nulls):
                continue
            if name == "args":
                _read_args(m, given.d[name], parts, context)
                continue
            text = to_string(m, given.d[name], context, True, True)
            parts.env[name] = text
            if name in SPECIAL:
                _special(parts, name, text)
        except ImagetoolsError as error:
            raise _located(error, given, name, parts.name) from None


def _special(parts: Parts, name: str, text: str) -> None:
    if name == "builder":
        parts.builder = text
    elif name == "system":
        parts.system = text
    elif name == "outputHash":
        parts.output_hash = text
    elif name == "outputHashAlgo":
        parts.output_hash_algo = read_algo(text)
    elif name == "outputHashMode":
        parts.output_hash_mode = read_mode(text)
    else:
        parts.outputs = read_outputs(text.split())


def _read_structured(m: Machine, given: Attrs, parts: Parts, context: set[str]) -> None:
    members: list[str] = []
    ignore_nulls = _flag(m, given, "__ignoreNulls")
    for name in sorted(given.d):
        value = given.d[name]
        try:
            if _left_out(m, given, name, ignore_nulls):
                continue
            if name == "args":
                _read_args(m, value, parts, context)
                continue
            if name == "__structuredAttrs":
                continue
            members.append(json.quote(name) + ":" + json.dump(m, value, context))
            if name == "builder":
                text, extra = m.string_ctx(value)
                context.update(extra)
                parts.builder = text
            elif name == "outputs":
                parts.outputs = read_outputs([m.string(item) for item in m.list(value)])
            elif name in SPECIAL:
                _special(parts, name, m.string(value))
        except ImagetoolsError as error:
            raise _located(error, given, name, parts.name) from None
    parts.env["__json"] = "{" + ",".join(members) + "}"


def _located(error: ImagetoolsError, given: Attrs, name: str, derivation: str) -> ImagetoolsError:
    """The error with a trace frame that says which attribute of which derivation it came from.

    A full disk or a store that may not be written is no matter of the definition, and keeps its own form.
    """
    if not isinstance(error, EvalError):
        if isinstance(error, NotYetError) or error.fault != "user":
            return error
        error = EvalError(error.message, None, error.hint)
    place = _place(given, name)
    if place is not None:
        error.at(place)
    error.push(f"while evaluating the attribute '{name}' of the derivation '{derivation}'", place)
    return error
