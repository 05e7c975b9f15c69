"""Handing an archive to a Docker engine through its SDK: bytes go up, what the engine says comes back as values.

No engine is an ordinary case with an error that says what to do. The environment is given, never read here.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self

from ..kernel.errors import ImagetoolsError
from .outgoing import Outgoing, OutgoingImage

if TYPE_CHECKING:
    from docker import DockerClient

_LOADED: Final = ("Loaded image: ", "Loaded image ID: ", "Loaded image(s): ")
_MOST_IMAGES: Final = 500
_PATIENCE: Final = 600
_DEFAULT: Final = "unix:///var/run/docker.sock"


class EngineUnreachableError(ImagetoolsError):
    """No Docker engine answers at ``endpoint``; ``reason`` is the system's or the SDK's."""

    fault = "host"
    retryable = True

    def __init__(self, endpoint: str, reason: str, *, forbidden: bool = False) -> None:
        if forbidden:
            hint = "you may not use it: join the group docker (sudo usermod -aG docker $USER, then log in again), or use sudo"
        else:
            hint = "start it (sudo systemctl start docker), or name another one by DOCKER_HOST"
        super().__init__(f"no Docker engine answers at {endpoint}: {reason}", hint)
        self.endpoint = endpoint
        self.reason = reason


class EngineHasNotError(ImagetoolsError):
    """The engine did not give the image ``name``; ``reason`` is its own sentence."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"the Docker engine did not give the image '{name}': {reason}")
        self.name = name
        self.reason = reason


class EngineRefusedError(ImagetoolsError):
    """The engine took the archive at ``path`` and refused it; ``reason`` is its own sentence."""

    fault = "host"

    def __init__(self, path: str, reason: str, engine: str = "the Docker engine") -> None:
        super().__init__(f"{engine} did not load '{path}': {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Sent:
    """``done`` of ``total`` bytes of the archive have gone to the engine."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class LayerLoading:
    """The engine has unpacked ``done`` of ``total`` bytes of the layer ``layer`` (the start of its ID)."""

    layer: str
    done: int
    total: int


LoadEvent = Sent | LayerLoading


def load(path: str, environment: Mapping[str, str], progress: Callable[[LoadEvent], object] | None = None) -> tuple[str, ...]:
    """Load the docker archive at ``path`` and return the names (or IDs) that the engine gives it.

    ``environment`` is asked for DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH. Raises EngineUnreachableError,
    EngineRefusedError, OSError where the archive cannot be opened.
    """
    with open(path, "rb") as file:
        client = connect(environment)
        try:
            return _names(path, _answers(client, path, _Counted(file, progress)), progress)
        finally:
            client.close()


class Engine:
    """An engine that has answered; use it as a context manager."""

    def __init__(self, client: "DockerClient") -> None:
        self._client = client

    @staticmethod
    def open(environment: Mapping[str, str]) -> "Engine":
        """Raises EngineUnreachableError."""
        return Engine(connect(environment))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def present(self, images: Sequence[OutgoingImage]) -> list[int]:
        """Of each image how many layers, from the lowest up, the engine has: those of one of its own images, in that order.

        None of them where it is no engine of Docker's: podman would refuse. Errors count as not knowing.
        """
        found = [0] * len(images)
        with contextlib.suppress(*_failures()):
            if not self._is_dockers():
                return found
            for stack in self._stacks({_repository(tag) for image in images for tag in image.tags}):
                found = [max(known, image.shared(stack)) for known, image in zip(found, images, strict=True)]
                if all(known == len(image.layers) for known, image in zip(found, images, strict=True)):
                    break
        return found

    def load(self, title: str, archive: Outgoing, progress: Callable[[LayerLoading], object]) -> tuple[str, ...]:
        """Raises EngineRefusedError, and what reading the archive raises."""
        return _names(title, _answers(self._client, title, archive), progress)

    def _is_dockers(self) -> bool:
        components = self._client.version().get("Components") or []
        return not any("podman" in str(component.get("Name", "")).lower() for component in components)

    def _stacks(self, repositories: set[str]) -> Iterator[Sequence[str]]:
        """Diff IDs of the layers of the engine's images, those of the same names first, then the youngest."""
        images = self._client.api.images()

        def unlikely(image: Mapping[str, Any]) -> tuple[bool, int]:
            names = {_repository(tag) for tag in image.get("RepoTags") or ()}
            return not names & repositories, -int(image.get("Created") or 0)

        for image in sorted(images, key=unlikely)[:_MOST_IMAGES]:
            with contextlib.suppress(*_failures()):  # it may be gone by now
                stack = (self._inspect(image["Id"]).get("RootFS") or {}).get("Layers") or []
                yield [str(diff_id) for diff_id in stack]

    def _inspect(self, image: str) -> dict[str, Any]:
        found: dict[str, Any] = self._client.api.inspect_image(image)  # type: ignore[no-untyped-call]
        return found


def save(name: str, write: Callable[[bytes], object], environment: Mapping[str, str]) -> None:
    """Hand the image ``name`` to ``write`` as the engine saves it (`docker save`).

    Raises EngineUnreachableError, EngineHasNotError, OSError.
    """
    import docker  # noqa: PLC0415
    import requests  # noqa: PLC0415

    client = connect(environment)
    try:
        for piece in client.api.get_image(name):
            write(piece)
    except docker.errors.APIError as error:
        raise EngineHasNotError(name, str(error.explanation or error).strip()) from None
    except requests.RequestException as error:
        raise EngineHasNotError(name, f"the connection broke ({_root_cause(error)})") from None
    finally:
        client.close()


def connect(environment: Mapping[str, str]) -> "DockerClient":
    """A client whose engine has answered. Raises EngineUnreachableError."""
    import docker  # noqa: PLC0415
    import requests  # noqa: PLC0415

    endpoint = environment.get("DOCKER_HOST") or _DEFAULT
    settings = {key: environment[key] for key in ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH") if key in environment}
    try:
        client = docker.from_env(environment=settings, version="auto", timeout=_PATIENCE)
        client.ping()
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        reason = _root_cause(error)
        raise EngineUnreachableError(endpoint, reason, forbidden="Permission denied" in reason) from None
    return client


def loaded_name(said: str) -> Iterator[str]:
    """The name in a line of an engine, if it is about one. Podman may say several at once."""
    for start in _LOADED:
        if said.startswith(start):
            yield from said[len(start) :].replace("\n", ",").split(",")
            return


def _failures() -> tuple[type[Exception], ...]:
    import docker  # noqa: PLC0415
    import requests  # noqa: PLC0415

    return docker.errors.DockerException, requests.RequestException, ValueError


def _repository(tag: str) -> str:
    return tag.rpartition(":")[0]


def _answers(client: "DockerClient", path: str, body: "_Counted | Outgoing") -> Iterator[Mapping[str, object]]:
    """The engine's messages. They stream in while the body is sent or after it, as the engine likes."""
    import docker  # noqa: PLC0415
    import requests  # noqa: PLC0415

    try:
        yield from client.api.load_image(body, quiet=False)  # type: ignore[no-untyped-call]
    except docker.errors.APIError as error:
        raise EngineRefusedError(path, str(error.explanation or error)) from None
    except requests.RequestException as error:
        raise EngineRefusedError(path, f"the connection broke ({_root_cause(error)})") from None


def _names(
    path: str, answers: Iterator[Mapping[str, object]], progress: Callable[[LayerLoading], object] | None
) -> tuple[str, ...]:
    names: list[str] = []
    for answer in answers:
        refused = answer.get("error", answer.get("message"))  # "message" alone: the SDK does not look at the status here
        if refused is not None:
            raise EngineRefusedError(path, str(refused).strip())
        said = str(answer.get("stream", "")).strip()
        names.extend(name.strip() for name in loaded_name(said))
        detail = answer.get("progressDetail")
        if progress is not None and isinstance(detail, dict) and detail.get("total"):
            progress(LayerLoading(str(answer.get("id", "")), int(detail.get("current", 0)), int(detail["total"])))
    return tuple(names)


class _Counted:
    """A file that says how far it has been read; requests streams it, with its length known."""

    def __init__(self, file: BinaryIO, progress: Callable[[LoadEvent], object] | None) -> None:
        self._file = file
        self._progress = progress
        self._total = os.fstat(file.fileno()).st_size
        self._done = 0

    def __len__(self) -> int:
        return self._total

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._done += len(piece)
        if self._progress is not None and piece:
            self._progress(Sent(self._done, self._total))
        return piece

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(1 << 20):
            yield piece


def _root_cause(error: BaseException) -> str:
    """The innermost reason: the SDK wraps the system's error three times."""
    seen: list[BaseException] = []
    inner: BaseException | None = error
    while inner is not None and inner not in seen:
        seen.append(inner)
        inner = inner.__cause__ or inner.__context__
    system = next((item for item in seen if isinstance(item, OSError) and item.strerror), None)
    return str(system.strerror) if system is not None and isinstance(system, OSError) else str(seen[-1])
