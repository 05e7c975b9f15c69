"""Special attributes, from variables and from structured attributes."""

import json

import pytest

from imagetools.formats.drv_options import DerivationOptions, DerivationOptionsError, OutputChecks
from imagetools.kernel.bytestr import from_unicode


def structured(**attributes: object) -> DerivationOptions:
    return DerivationOptions.from_env({"__json": from_unicode(json.dumps(attributes, ensure_ascii=False))}, ("out", "dev"))


def test_defaults() -> None:
    found = DerivationOptions.from_env({"name": "x"})
    assert found == DerivationOptions()
    assert found.allow_substitutes and not found.prefer_local_build and not found.structured_attrs
    assert found.checks("out") == OutputChecks() and found.checks("out").empty


def test_variables() -> None:
    found = DerivationOptions.from_env(
        {
            "passAsFile": "b a\n b",
            "exportReferencesGraph": "graph-1 /nix/store/x graph-0 /nix/store/y",
            "impureEnvVars": "http_proxy",
            "requiredSystemFeatures": "kvm\tbig-parallel",
            "preferLocalBuild": "1",
            "allowSubstitutes": "",
            "__noChroot": "true",
            "allowedReferences": "",
            "disallowedRequisites": "/nix/store/z",
        },
        ("out", "dev"),
    )
    assert found.pass_as_file == ("a", "b")
    assert found.export_references_graph == (("graph-1", "/nix/store/x"), ("graph-0", "/nix/store/y"))
    assert found.impure_env_vars == ("http_proxy",) and found.required_features == ("big-parallel", "kvm")
    assert found.prefer_local_build and not found.allow_substitutes and not found.no_chroot
    checks = OutputChecks(allowed_references=(), disallowed_requisites=("/nix/store/z",), ignore_self=True)
    assert found.output_checks == {"out": checks, "dev": checks}
    assert not checks.empty


def test_structured_attributes() -> None:
    found = structured(
        passAsFile=["a"],
        exportReferencesGraph={"graph": ["/nix/store/y", ["/nix/store/x", "/nix/store/y"]], "one": "/nix/store/z"},
        requiredSystemFeatures=["ü"],
        preferLocalBuild=True,
        allowedReferences=[],
        outputChecks={
            "out": {"maxSize": 5, "maxClosureSize": 6, "allowedRequisites": [], "disallowedReferences": ["dev"]},
            "doc": {},
        },
        unsafeDiscardReferences={"out": True, "dev": False},
    )
    assert found.structured_attrs and found.pass_as_file == ()
    assert found.export_references_graph == (("graph", "/nix/store/x"), ("graph", "/nix/store/y"), ("one", "/nix/store/z"))
    assert found.required_features == (from_unicode("ü"),)
    assert found.prefer_local_build
    assert found.output_checks == {
        "out": OutputChecks(disallowed_references=("dev",), allowed_requisites=(), max_size=5, max_closure_size=6)
    }
    assert found.unsafe_discard_references == {"out"}


def test_variables_have_no_effect_beside_structured_attributes() -> None:
    assert not DerivationOptions.from_env({"__json": "{}", "preferLocalBuild": "1", "passAsFile": "x"}).prefer_local_build
    assert structured(exportReferencesGraph=["x"]).export_references_graph == ()


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"exportReferencesGraph": "a /nix/store/x b"}, "odd number of tokens in 'exportReferencesGraph': 'a /nix/store/x b'"),
        ({"exportReferencesGraph": "../a /nix/store/x"}, "invalid file name '../a' in 'exportReferencesGraph'"),
        (
            {"__json": "{"},
            "cannot process __json attribute of 'x.drv': "
            "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        ({"__json": '{"a":1e999}'}, "cannot process __json attribute of 'x.drv': number overflow parsing '1e999'"),
        ({"__json": '{"a":NaN}'}, "cannot process __json attribute of 'x.drv': invalid literal: 'NaN'"),
        ({"__json": "[" * 100000}, "cannot process __json attribute of 'x.drv': nested too deeply"),
        ({"__json": "[]"}, "attribute '__json' of derivation 'x.drv' must be an object"),
        ({"__json": '{"preferLocalBuild":1}'}, "attribute 'preferLocalBuild' of derivation 'x.drv' must be a Boolean"),
        ({"__json": '{"__noChroot":"1"}'}, "attribute '__noChroot' of derivation 'x.drv' must be a Boolean"),
        ({"__json": '{"impureEnvVars":"x"}'}, "attribute 'impureEnvVars' of derivation 'x.drv' must be a list of strings"),
        (
            {"__json": '{"requiredSystemFeatures":null}'},
            "attribute 'requiredSystemFeatures' of derivation 'x.drv' must be a list of strings",
        ),
        ({"__json": '{"outputChecks":[]}'}, "attribute 'outputChecks' of derivation 'x.drv' must be an object"),
        ({"__json": '{"outputChecks":{"out":1}}'}, "attribute 'outputChecks.out' of derivation 'x.drv' must be an object"),
        (
            {"__json": '{"outputChecks":{"out":{"maxSize":-1}}}'},
            "attribute 'outputChecks.out.maxSize' of derivation 'x.drv' must be a number of bytes",
        ),
        (
            {"__json": '{"outputChecks":{"out":{"maxClosureSize":1.5}}}'},
            "attribute 'outputChecks.out.maxClosureSize' of derivation 'x.drv' must be a number of bytes",
        ),
        (
            {"__json": '{"outputChecks":{"out":{"allowedReferences":[1]}}}'},
            "attribute 'outputChecks.out.allowedReferences' of derivation 'x.drv' must be a list of strings",
        ),
        ({"__json": '{"exportReferencesGraph":{"a":1}}'}, "'exportReferencesGraph' value is not an array or a string"),
        (
            {"__json": '{"unsafeDiscardReferences":{"out":"x"}}'},
            "attribute 'unsafeDiscardReferences.out' of derivation 'x.drv' must be a Boolean",
        ),
    ],
)
def test_refused(env: dict[str, str], sentence: str) -> None:
    with pytest.raises(DerivationOptionsError) as caught:
        DerivationOptions.from_env(env, drv="x.drv")
    assert caught.value.message == sentence


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(DerivationOptionsError):
        DerivationOptions.from_env({"__json": '{"a":"\xff"}'})


@pytest.mark.parametrize("text", ['{"a":"\\ud800"}', '{"\\udc00":1}', '{"a":["\\ud83d"]}'])
def test_halves_of_surrogate_pairs_are_refused(text: str) -> None:
    with pytest.raises(DerivationOptionsError):
        DerivationOptions.from_env({"__json": text})


def test_names_of_graphs_and_what_has_no_effect() -> None:
    found = structured(exportReferencesGraph={"b": ["/x"], "a": []}, maxSize=1, allowedReferences=[])
    assert found.graph_names == ("a", "b")
    assert found.without_effect == ("allowedReferences", "maxSize")
    assert structured(exportReferencesGraph=["a", "b"]).graph_names == ()
