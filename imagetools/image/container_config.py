"""The ``config`` of an image: how a container of it starts. Passed through unchanged, after every field's shape was looked at.

A wrong shape (``Env = "A=b"``) would make ``docker load`` fail with Go's words, or only some programs fail: here it is named,
all of them at once. Fields that nobody knows pass, as Docker lets them, with a warning that names the near miss.
Source: Docker Image Specification 1.2 and OCI image-spec, config.md (row 2.012).
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ..kernel.errors import ImagetoolsError

Check = Callable[[object], str | None]

#: Docker takes one string for a list of it here.
_COMMANDS: Final = ("Cmd", "Entrypoint", "Shell")
_PORT: Final = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/(?:tcp|udp|sctp))?")
_SIGNAL: Final = re.compile(r"(?:SIG)?[A-Z][A-Z0-9]*(?:[+-][0-9]+)?|[0-9]+")


class ContainerConfigError(ImagetoolsError):
    """``problems`` are all that is wrong, one sentence each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("the image's config is wrong: " + "; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class ContainerConfig:
    """``fields`` as the definition gave them; ``warnings`` are sentences for the build log."""

    fields: Mapping[str, object]
    warnings: tuple[str, ...] = ()

    @staticmethod
    def parse(text: bytes) -> "ContainerConfig":
        """The config of a JSON text (an object, or null for none). Raises ContainerConfigError."""
        value = _fields(text)
        return ContainerConfig(value, _check(value))

    @staticmethod
    def of_definition(text: bytes) -> "ContainerConfig":
        """The same for what a user wrote: one string for a command becomes a list of it, with a warning. Docker reads it so, and
        nixpkgs has definitions that do it; every other program refuses such an image."""
        value = _fields(text)
        single = [name for name in _COMMANDS if isinstance(value.get(name), str)]
        fields = {name: [item] if name in single else item for name, item in value.items()}
        warnings = tuple(f"config.{name} is one string; it is taken as a list with this one word" for name in single)
        return ContainerConfig(fields, warnings + _check(fields))


def _fields(text: bytes) -> Mapping[str, object]:
    try:
        value = json.loads(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ContainerConfigError((f"it is not UTF-8 (byte {error.start})",)) from None
    except ValueError as error:
        raise ContainerConfigError((f"it is no JSON ({error})",)) from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ContainerConfigError((f"it must be an attribute set, not {_shown(value)}",))
    return value


def _check(fields: Mapping[str, object]) -> tuple[str, ...]:
    """The warnings; raises ContainerConfigError with every problem."""
    problems: list[str] = []
    warnings: list[str] = []
    for name, value in fields.items():
        known = _FOLDED.get(name.lower())
        if known is None:
            import difflib  # noqa: PLC0415  (only for a warning)

            near = difflib.get_close_matches(name, _CHECKS, n=1)
            warnings.append(
                f"config has a field '{name}' that Docker does not know" + (f"; is '{near[0]}' meant?" if near else "")
            )
            continue
        if known != name:
            warnings.append(f"config.{name} is written '{known}' in the specification; some programs will not find it")
        problem = None if value is None else _CHECKS[known](value)
        if problem is not None:
            problems.append(f"{name} {problem}")
    if problems:
        raise ContainerConfigError(tuple(problems))
    return tuple(warnings)


def _string(value: object) -> str | None:
    return None if isinstance(value, str) else f"must be a string, not {_shown(value)}"


def _boolean(value: object) -> str | None:
    return None if isinstance(value, bool) else f"must be true or false, not {_shown(value)}"


def _integer(value: object) -> str | None:
    return None if type(value) is int else f"must be a whole number, not {_shown(value)}"


def _anything(value: object) -> str | None:
    return None


def _string_list(value: object) -> str | None:
    if not isinstance(value, list):
        return f"must be a list of strings, not {_shown(value)}"
    for place, item in enumerate(value, 1):
        if not isinstance(item, str):
            return f"must be a list of strings, but its element {place} is {_shown(item)}"
    return None


def _environment(value: object) -> str | None:
    if isinstance(value, dict):
        return 'must be a list of strings like "NAME=value", not an attribute set'
    problem = _string_list(value)
    if problem is not None or not isinstance(value, list):
        return problem
    wrong = [item for item in value if item.find("=") < 1]
    return f'must hold strings like "NAME=value", not "{wrong[0]}"' if wrong else None


def _absolute(value: object) -> str | None:
    problem = _string(value)
    if problem is None and isinstance(value, str) and value and not value.startswith("/"):
        return f'must be an absolute path, not "{value}"'
    return problem


def _empty_sets(value: object, example: str) -> str | None:
    if not isinstance(value, dict):
        return f"must be an attribute set such as {{ {example} = {{ }}; }}, not {_shown(value)}"
    for name, item in value.items():
        if item is not None and not isinstance(item, dict):
            return f'must have {{ }} as the value of "{name}", not {_shown(item)}'
    return None


def _ports(value: object) -> str | None:
    problem = _empty_sets(value, '"8080/tcp"')
    if problem is not None or not isinstance(value, dict):
        return problem
    for name in value:
        match = _PORT.fullmatch(name)
        low, high = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not low <= high <= 65535:
            return f'must name ports like "8080/tcp", not "{name}"'
    return None


def _volumes(value: object) -> str | None:
    problem = _empty_sets(value, '"/data"')
    if problem is not None or not isinstance(value, dict):
        return problem
    for name in value:
        if not name.startswith("/"):
            return f'must name absolute paths, not "{name}"'
    return None


def _labels(value: object) -> str | None:
    if not isinstance(value, dict):
        return f"must be an attribute set of strings, not {_shown(value)}"
    for name, item in value.items():
        if not isinstance(item, str):
            return f'must be an attribute set of strings, but "{name}" is {_shown(item)}'
    return None


def _signal(value: object) -> str | None:
    problem = _string(value)
    if problem is None and isinstance(value, str) and _SIGNAL.fullmatch(value) is None:
        return f'must be a signal like "SIGTERM" or "15", not "{value}"'
    return problem


def _healthcheck(value: object) -> str | None:
    if not isinstance(value, dict):
        return f"must be an attribute set, not {_shown(value)}"
    for name, item in value.items():
        check: Check = _string_list if name == "Test" else _integer
        problem = None if item is None else check(item)
        if problem is not None:
            return f"has a wrong {name}: it {problem}" + (" (nanoseconds)" if check is _integer and name != "Retries" else "")
    return None


def _shown(value: object) -> str:
    if isinstance(value, str):
        return f'the string "{value}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an attribute set"
    return "a list" if isinstance(value, list) else str(value)


_CHECKS: Final[dict[str, Check]] = {
    "ArgsEscaped": _boolean,
    "AttachStderr": _boolean,
    "AttachStdin": _boolean,
    "AttachStdout": _boolean,
    "Cmd": _string_list,
    "CpuShares": _integer,
    "Cpuset": _string,
    "Domainname": _string,
    "Entrypoint": _string_list,
    "Env": _environment,
    "ExposedPorts": _ports,
    "Healthcheck": _healthcheck,
    "Hostname": _string,
    "Image": _string,
    "Labels": _labels,
    "MacAddress": _string,
    "Memory": _integer,
    "MemorySwap": _integer,
    "NetworkDisabled": _boolean,
    "OnBuild": _string_list,
    "OpenStdin": _boolean,
    "PortSpecs": _anything,
    "Shell": _string_list,
    "StdinOnce": _boolean,
    "StopSignal": _signal,
    "StopTimeout": _integer,
    "Tty": _boolean,
    "User": _string,
    "Volumes": _volumes,
    "WorkingDir": _absolute,
}
_FOLDED: Final = {name.lower(): name for name in _CHECKS}
