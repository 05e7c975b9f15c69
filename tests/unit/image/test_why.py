"""Why a store path is in an image: the shortest way to it."""

import pytest

from imagetools.image.why import CONFIG, ROOT, Step, WhichPathError, find_path, in_config, why

A, B, C, D = (letter * 32 + f"-{name}" for letter, name in (("a", "app"), ("b", "bash"), ("c", "curl"), ("d", "bash-doc")))
PATHS = [f"/nix/store/{name}" for name in (A, B, C, D)]


def test_the_shortest_way() -> None:
    references = {
        CONFIG: {A: "Cmd"},
        ROOT: {D: "/share/doc"},
        A: {B: "bin/app", A: "bin/app"},
        B: {C: "lib/x", B: "bin/bash"},
        D: {C: "index.html"},
    }
    reason = why(C, references)
    assert reason.way == (Step(ROOT, D, "/share/doc"), Step(D, C, "index.html"))
    assert reason.referrers == {B: "lib/x", D: "index.html"}
    assert why(B, references).way == (Step(CONFIG, A, "Cmd"), Step(A, B, "bin/app"))
    assert reason.document()["way"] == [
        {"from": "/", "to": D, "place": "/share/doc"},
        {"from": D, "to": C, "place": "index.html"},
    ]


def test_nothing_leads_to_it() -> None:
    circle = {A: {B: "x"}, B: {A: "y"}}
    assert why(A, circle).way == () and why(A, circle).referrers == {B: "y"}
    assert why(A, {}).referrers == {}


def test_what_the_config_names() -> None:
    config = {"Cmd": [f"/nix/store/{A}/bin/app"], "Env": [f"X={PATHS[1]}", f"Y={PATHS[0]}"], "User": "e" * 32}
    assert in_config(config, {name[:32]: name for name in (A, B, C)}) == {A: "Cmd", B: "Env"}
    assert in_config(None, {}) == {}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (PATHS[0], A),
        (PATHS[0] + "/", A),
        (A, A),
        ("a" * 32, A),
        ("app", A),
        ("bash", B),
        ("cur", C),
        ("doc", D),
    ],
)
def test_how_a_path_may_be_said(wanted: str, found: str) -> None:
    assert find_path(wanted, PATHS) == f"/nix/store/{found}"


@pytest.mark.parametrize(("wanted", "found"), [("zsh", ()), ("", ()), ("bas", (B, D))])
def test_what_is_not_one_path(wanted: str, found: tuple[str, ...]) -> None:
    with pytest.raises(WhichPathError) as caught:
        find_path(wanted, PATHS)
    assert caught.value.found == found
