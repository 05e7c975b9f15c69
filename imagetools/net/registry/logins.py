"""Whose name and password a registry gets: docker's config.json and its kin, the programs they name, netrc. In this order.

A program that keeps logins (``docker-credential-NAME``, docker-credential-helpers protocol) is asked with ``get`` and the host on
its standard input. Nothing of what it says is shown. A netrc's ``default`` entry means no registry: a wrong password is refused
where none would do.
"""

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Final

from imagetools.image.descriptor import shortened
from imagetools.image.remote_reference import HUB, HUB_HOSTS
from imagetools.kernel.errors import ImagetoolsError
from imagetools.net.credentials import Netrc
from imagetools.net.programs import ProgramMissingError, find
from imagetools.net.registry.access import RegistryLogin
from imagetools.net.registry.auth_file import AuthFile

_HUB_KEY: Final = "https://index.docker.io/v1/"
_UNKNOWN: Final = ("credentials not found", "no credentials server URL", "no credentials username")
_TOKEN_NAME: Final = "<token>"
_PATIENCE: Final = 60.0


class CredentialHelperError(ImagetoolsError):
    """The program that should know a login does not work."""

    fault: ClassVar[str] = "host"

    def __init__(self, helper: str, registry: str, reason: str, hint: str | None = None) -> None:
        super().__init__(f"the credential helper '{helper}' gives no login for '{registry}': {reason}", hint)
        self.helper = helper
        self.registry = registry
        self.reason = reason


class Logins:
    """``files`` in order, each a path and what reads it (None where there is no such file); ``environment`` for programs."""

    def __init__(
        self,
        files: Sequence[str],
        read: Callable[[str], bytes | None],
        netrc: Netrc,
        environment: Mapping[str, str],
        log: Callable[[str], object] | None = None,
    ) -> None:
        self._paths = tuple(files)
        self._read = read
        self._netrc = netrc
        self._environment = dict(environment)
        self._log = log
        self._files: tuple[AuthFile, ...] | None = None

    def find(self, registry: str, repository: str) -> RegistryLogin | None:
        """A ``FindLogin``. Raises AuthFileError, CredentialHelperError."""
        if self._files is None:
            texts = [(path, self._read(path)) for path in self._paths]
            self._files = tuple(AuthFile.parse(text, path) for path, text in texts if text is not None)
        for file in self._files:
            helper = file.helper(registry)
            login = self._ask(helper, registry) if helper else None
            if login is None and file.store:
                login = self._ask_store(file.store, registry)
            login = login or file.login(registry, repository)
            if login:
                return login
        for host in HUB_HOSTS if registry == HUB else (registry, registry.rpartition(":")[0]):
            found = self._netrc.machine(host) if host else None
            if found is not None:
                return RegistryLogin(found.name, found.password)
        return None

    def _ask_store(self, helper: str, registry: str) -> RegistryLogin | None:
        """Docker goes on without it where it does not work; so does this, and says so."""
        try:
            return self._ask(helper, registry)
        except CredentialHelperError as problem:
            if self._log is not None:
                self._log(f"warning: {problem.message}")
            return None

    def _ask(self, helper: str, registry: str) -> RegistryLogin | None:
        for server in (_HUB_KEY, HUB) if registry == HUB else (registry,):
            login = self._get(helper, registry, server)
            if login is not None:
                return login
        return None

    def _get(self, helper: str, registry: str, server: str) -> RegistryLogin | None:
        program = f"docker-credential-{helper}"
        try:
            done = subprocess.run(
                [find(program, self._environment), "get"],
                input=server.encode(),
                env=self._environment,
                capture_output=True,
                timeout=_PATIENCE,
                check=False,
            )
        except ProgramMissingError:
            hint = f"install {program}, or take it out of docker's config.json"
            raise CredentialHelperError(helper, registry, f"the program '{program}' is not installed", hint) from None
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = error.strerror or str(error) if isinstance(error, OSError) else f"no answer within {_PATIENCE:g} s"
            raise CredentialHelperError(helper, registry, reason) from None
        if done.returncode:
            said = (done.stdout or done.stderr).decode("utf-8", "replace").strip()
            if any(text in said for text in _UNKNOWN):
                return None
            reason = f"exit code {done.returncode}" + (f": {shortened(said.splitlines()[0])}" if said else "")
            raise CredentialHelperError(helper, registry, reason)
        try:
            found = json.loads(done.stdout)
            name, secret = found["Username"], found["Secret"]
        except (ValueError, KeyError, TypeError):
            raise CredentialHelperError(helper, registry, "what it says cannot be understood") from None
        if not isinstance(name, str) or not isinstance(secret, str):
            raise CredentialHelperError(helper, registry, "what it says cannot be understood")
        if name == _TOKEN_NAME:
            return RegistryLogin(identity_token=secret)
        return RegistryLogin(name, secret)
