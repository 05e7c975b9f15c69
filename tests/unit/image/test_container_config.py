"""The config passes unchanged or is refused with every reason (row 2.012)."""

import json

import pytest

from imagetools.image.container_config import ContainerConfig, ContainerConfigError


def parse(value: object) -> ContainerConfig:
    return ContainerConfig.parse(json.dumps(value).encode())


FULL: dict[str, object] = {
    "Cmd": ["/bin/sh", "-c", "true"],
    "Entrypoint": [],
    "Env": ["PATH=/bin", "EMPTY=", "A==b"],
    "ExposedPorts": {"80/tcp": {}, "53/udp": {}, "8000-8010": {}},
    "Healthcheck": {"Test": ["CMD", "true"], "Interval": 1_000_000_000, "Retries": 3},
    "Labels": {"a": "b"},
    "OnBuild": None,
    "StopSignal": "SIGRTMIN+3",
    "StopTimeout": 10,
    "Tty": True,
    "User": "1000:1000",
    "Volumes": {"/data": {}, "/logs": None},
    "WorkingDir": "",
}


def test_a_good_config_passes_unchanged() -> None:
    config = parse(FULL)
    assert config.fields == FULL
    assert config.warnings == ()


def test_null_is_no_config() -> None:
    assert parse(None).fields == {}


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("Cmd", "/bin/sh", 'Cmd must be a list of strings, not the string "/bin/sh"'),
        ("Cmd", ["a", 1], "Cmd must be a list of strings, but its element 2 is 1"),
        ("Env", {"A": "b"}, 'Env must be a list of strings like "NAME=value", not an attribute set'),
        ("Env", ["A"], 'Env must hold strings like "NAME=value", not "A"'),
        ("Env", ["=b"], 'Env must hold strings like "NAME=value", not "=b"'),
        ("ExposedPorts", ["80/tcp"], 'ExposedPorts must be an attribute set such as { "8080/tcp" = { }; }, not a list'),
        ("ExposedPorts", {"http": {}}, 'ExposedPorts must name ports like "8080/tcp", not "http"'),
        ("ExposedPorts", {"70000/tcp": {}}, 'ExposedPorts must name ports like "8080/tcp", not "70000/tcp"'),
        ("ExposedPorts", {"80": True}, 'ExposedPorts must have { } as the value of "80", not true'),
        ("Volumes", {"data": {}}, 'Volumes must name absolute paths, not "data"'),
        ("WorkingDir", "srv", 'WorkingDir must be an absolute path, not "srv"'),
        ("User", 1000, "User must be a string, not 1000"),
        ("Labels", {"a": 1}, 'Labels must be an attribute set of strings, but "a" is 1'),
        ("StopSignal", "kill it", 'StopSignal must be a signal like "SIGTERM" or "15", not "kill it"'),
        ("Tty", "yes", 'Tty must be true or false, not the string "yes"'),
        ("StopTimeout", True, "StopTimeout must be a whole number, not true"),
        (
            "Healthcheck",
            {"Interval": "1s"},
            'Healthcheck has a wrong Interval: it must be a whole number, not the string "1s" (nanoseconds)',
        ),
    ],
)
def test_wrong_shapes(field: str, value: object, sentence: str) -> None:
    with pytest.raises(ContainerConfigError) as caught:
        parse({field: value})
    assert str(caught.value) == f"the image's config is wrong: {sentence}"


def test_all_problems_at_once() -> None:
    with pytest.raises(ContainerConfigError) as caught:
        parse({"Cmd": 1, "User": 2, "Env": 3})
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("text", [b"[]", b'"x"', b"{", b'"\xff"'])
def test_no_config_at_all(text: bytes) -> None:
    with pytest.raises(ContainerConfigError):
        ContainerConfig.parse(text)


def test_unknown_fields_pass_with_a_warning() -> None:
    config = parse({"Entrypoints": ["/x"], "cmd": ["/y"], "Zzz": 1})
    assert set(config.fields) == {"Entrypoints", "cmd", "Zzz"}
    assert config.warnings == (
        "config has a field 'Entrypoints' that Docker does not know; is 'Entrypoint' meant?",
        "config.cmd is written 'Cmd' in the specification; some programs will not find it",
        "config has a field 'Zzz' that Docker does not know",
    )


def test_one_string_is_a_command_where_docker_takes_it() -> None:
    config = ContainerConfig.of_definition(b'{"Cmd": "/bin/x", "Entrypoint": ["/y"], "User": "me", "Shell": "/bin/sh"}')
    assert config.fields == {"Cmd": ["/bin/x"], "Entrypoint": ["/y"], "User": "me", "Shell": ["/bin/sh"]}
    assert config.warnings == (
        "config.Cmd is one string; it is taken as a list with this one word",
        "config.Shell is one string; it is taken as a list with this one word",
    )
    with pytest.raises(ContainerConfigError, match="Env must be a list"):
        ContainerConfig.of_definition(b'{"Env": "A=b"}')
