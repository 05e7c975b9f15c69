"""The process that runs one ``builtin:`` builder, started inside the sandbox by ``realise`` (row 4.056).

It reads its request from the build folder, makes the context (closure, transport, shell, log) and runs the builder; it ends
with 0 or 1. Besides ``app.compose`` it is the only place that constructs parts. Its errors are one sentence at the end of the
build's log.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from imagetools.app.builtins import builtins
from imagetools.builtin.api import BuiltinBuilder, BuiltinError, Measured, NoNetworkError, Root, ShellFailedError
from imagetools.formats.closure import Closure, IncompleteClosureError
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StoreDir, StorePath
from imagetools.kernel.bytestr import to_bytes
from imagetools.kernel.errors import ImagetoolsError
from imagetools.realise import builtin_request, measured

if TYPE_CHECKING:
    from imagetools.image.remote_reference import RemoteReference
    from imagetools.image_io.ports import Repository
    from imagetools.net.http import HttpTransport
    from imagetools.net.ports import Transport
    from imagetools.net.proxies import Proxies


class NotAnInputError(BuiltinError):
    """A builtin builder asks for the closure of a path that is not among its inputs."""

    def __init__(self, path: str) -> None:
        super().__init__(f"path '{path}' is not an input of this derivation")
        self.path = path


class Context:
    """``builtin.api.BuiltinContext`` from a request."""

    def __init__(
        self,
        request: builtin_request.Request,
        transport: "Transport | None",
        netrc: str,
        attrs: Mapping[str, Any] | None = None,
        login: str = "",
    ) -> None:
        self._request = request
        self._login = login
        self.name = request.name
        self.env: Mapping[str, str] = request.env
        self.outputs: Mapping[str, str] = {name: _host(path) for name, path in request.outputs.items()}
        self.logical_outputs: Mapping[str, str] = request.logical_outputs
        self.scratch = _host(request.folder)
        self.store_dir: StoreDir = request.store_dir
        self.transport = transport
        self.kept = _host(request.kept)
        self.ledger = _host(request.ledger)
        self.ca_file = _ca_file(request)
        self.netrc = netrc
        self.attrs: Mapping[str, Any] = attrs or {}

    def real_path(self, logical: str) -> str:
        prefix = self.store_dir.path
        if logical.startswith(prefix + "/"):
            return _host(self._request.store_prefix + logical[len(prefix) :])
        return _host(logical)

    def closure(self, roots: Sequence[str]) -> Closure:
        everything = self._request.closure.members
        members: dict[StorePath, PathInfo] = {}
        start = [self.store_dir.parse_prefix(root)[0] for root in roots]
        todo = list(start)
        while todo:
            path = todo.pop()
            if path in members:
                continue
            info = everything.get(path)
            if info is None:
                raise NotAnInputError(self.store_dir.join(path))
            members[path] = info
            todo.extend(info.references)
        try:
            return Closure(start, members)
        except IncompleteClosureError as error:
            raise NotAnInputError(str(error.missing)) from error

    def shell(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        input: bytes | None = None,
        capture: bool = False,
        listen: Callable[[str], object] | None = None,
    ) -> bytes:
        import subprocess

        sys.stderr.flush()
        try:
            if listen is not None:
                from imagetools.app.listening import run_listening

                status, said = run_listening(argv, listen, env=env, cwd=cwd, input=input, capture=capture)
                if status:
                    raise ShellFailedError(argv, status)
                return said
            done = subprocess.run(
                list(argv),
                env=None if env is None else dict(env),
                cwd=cwd,
                input=input,
                stdin=subprocess.DEVNULL if input is None else None,
                stdout=subprocess.PIPE if capture else None,
                check=False,
            )
        except OSError as error:
            raise BuiltinError(f"cannot run '{argv[0]}': {error.strerror}") from error
        if done.returncode:
            raise ShellFailedError(argv, done.returncode)
        return done.stdout if capture else b""

    def repository(self, reference: "RemoteReference", *, insecure: bool = False) -> "Repository":
        if not self._request.network:
            raise NoNetworkError(self.name)
        from imagetools.net.registry.access import RegistryAccess, read_login
        from imagetools.net.registry.registry import Registry
        from imagetools.net.registry.repository import RemoteRepository

        login = read_login(self._login.encode()) if self._login else None
        access = RegistryAccess(
            _http(self._request, "").client,
            proxies=_proxies(self._request),
            find_login=lambda registry, repository: login if (registry, repository) == reference.place else None,
            log=self.log,
        )
        return RemoteRepository(Registry(reference.registry, access, insecure=insecure), reference)

    def root(self) -> Root:
        from imagetools.sandbox.rooted import Rooted

        return Rooted(self.store_dir.path)

    def measured(self, output: str, facts: Measured) -> None:
        measured.write(self.scratch, output, facts)

    def log(self, text: str) -> None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def main(name: str) -> NoReturn:
    """Run builtin builder ``name`` in the current folder and end the process."""
    try:
        _run(name)
    except ImagetoolsError as error:
        sys.stderr.write(f"error: {error.message}\n" + (f"hint: {error.hint}\n" if error.hint else ""))
        _leave(1)
    except OSError as error:
        where = f": '{os.fsdecode(error.filename)}'" if isinstance(error.filename, str | bytes) else ""
        sys.stderr.write(f"error: builtin:{name}: {error.strerror or error}{where}\n")
        _leave(1)
    _leave(0)


def _leave(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _run(name: str) -> None:
    folder = os.getcwd()
    path = os.path.join(folder, builtin_request.FILE)
    with open(path, "rb") as file:
        request = builtin_request.read(file.read())
    os.unlink(path)
    netrc = _take(os.path.join(folder, builtin_request.NETRC))
    builder = find(name)
    if builder.needs_network and not request.network:
        raise NoNetworkError(name)
    login = _take(os.path.join(folder, builtin_request.LOGIN))
    context = Context(request, _http(request, netrc) if request.network else None, netrc, _attributes(folder), login)
    os.makedirs(context.kept, exist_ok=True)
    builder.build(context)


def _attributes(folder: str) -> Mapping[str, Any]:
    """The structured attributes; empty where the derivation has none. Read as bytes, so that its strings are bytestrs."""
    try:
        with open(os.path.join(folder, builtin_request.ATTRIBUTES), encoding="latin-1") as file:
            found: dict[str, Any] = json.load(file)
    except FileNotFoundError:
        return {}
    return found


def _take(path: str) -> str:
    """The text of a file that is then removed; empty where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except FileNotFoundError:
        return ""
    os.unlink(path)
    return text


def find(name: str) -> BuiltinBuilder:
    """Raises BuiltinError, with the names that exist."""
    every = builtins()
    if name in every:
        return every[name]
    known = ", ".join(sorted(every))
    raise BuiltinError(f"unsupported builtin builder '{name}'", f"builtin builders of imagetools: {known}")


def _proxies(request: builtin_request.Request) -> "Proxies":
    from imagetools.net.proxies import Proxies

    return Proxies.from_env(request.env)


def _http(request: builtin_request.Request, netrc: str) -> "HttpTransport":
    from imagetools.net.credentials import Netrc
    from imagetools.net.http import HttpTransport

    return HttpTransport(
        proxies=_proxies(request),
        netrc=Netrc(netrc),
        ca_file=_ca_file(request),
        log=lambda text: print(text, file=sys.stderr, flush=True),  # noqa: T201
    )


def _ca_file(request: builtin_request.Request) -> str | None:
    path = _host(request.ca_file) if request.ca_file is not None else None
    return path if path is not None and os.path.exists(path) else None


def _host(path: str) -> str:
    """A bytestr path as a file name of this host."""
    return os.fsdecode(to_bytes(path))
