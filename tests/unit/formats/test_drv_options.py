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
            "cannot process __json attribute: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        ({"__json": "[]"}, "attribute '__json' must be an object, not []"),
        ({"__json": '{"preferLocalBuild":1}'}, "attribute 'preferLocalBuild' must be a Boolean, not 1"),
        ({"__json": '{"impureEnvVars":"x"}'}, "attribute 'impureEnvVars' must be a list of strings, not \"x\""),
        ({"__json": '{"outputChecks":{"out":1}}'}, "attribute 'outputChecks.out' must be an object, not 1"),
        (
            {"__json": '{"outputChecks":{"out":{"maxSize":-1}}}'},
            "attribute 'outputChecks.out.maxSize' must be a number of bytes, not -1",
        ),
        (
            {"__json": '{"outputChecks":{"out":{"allowedReferences":[1]}}}'},
            "attribute 'outputChecks.out.allowedReferences' must be a list of strings, not [1]",
        ),
        ({"__json": '{"exportReferencesGraph":{"a":1}}'}, "'exportReferencesGraph' value is not an array or a string"),
        (
            {"__json": '{"unsafeDiscardReferences":{"out":"x"}}'},
            "attribute 'unsafeDiscardReferences.out' must be a Boolean, not \"x\"",
        ),
    ],
)
def test_refused(env: dict[str, str], sentence: str) -> None:
    with pytest.raises(DerivationOptionsError) as caught:
        DerivationOptions.from_env(env)
    assert caught.value.message == sentence


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(DerivationOptionsError):
        DerivationOptions.from_env({"__json": '{"a":"\xff"}'})
