"""An evaluation that can fetch, with a clock that the test moves: real store, cache, transport and programs."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from imagetools.instantiate.fetching.calls import search_path_entry
from imagetools.instantiate.fetching.world import FetchSettings, World
from imagetools.instantiate.io import StoreIO
from imagetools.instantiate.known import Known
from imagetools.instantiate.restricted import RestrictedIO
from imagetools.instantiate.table import store_builtins
from imagetools.kernel.bytestr import display
from imagetools.lang.evaluator import Evaluator
from imagetools.lang.runtime import bigstack, printer
from imagetools.lang.runtime.search_path import parse_entry
from imagetools.net.http import HttpTransport
from imagetools.net.policy import RetryPolicy
from imagetools.store.local import LocalStore


class Session:
    """``folder`` holds store and cache; a second one over the same folder is a later evaluation.

    ``now`` is the clock in seconds, ``said`` what the person was told.
    """

    def __init__(
        self,
        folder: Path,
        *,
        now: float = 1_000_000,
        ttl: int = 3600,
        store: str = "root",
        restricted: bool = False,
        pure: bool = False,
        allowed: Sequence[str] = (),
        include: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
        tokens: Mapping[str, str] | None = None,
        netrc: str = "/dev/null",
    ) -> None:
        self.now = now
        self.said: list[str] = []
        self.store = LocalStore(str(folder / store))
        known = Known(self.store)
        home = folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        variables = {"PATH": os.environ["PATH"], **(variables or {})}
        self.world = World(
            self.store,
            FetchSettings(
                cache=str(folder / "cache"), home=str(home), ttl=ttl, environment=variables, netrc=netrc, tokens=tokens or {}
            ),
            connect=lambda: HttpTransport(policy=RetryPolicy(attempts=1)),
            say=self.said.append,
            now=lambda: self.now,
        )
        self.io = (RestrictedIO if restricted or pure else StoreIO)(
            self.store,
            cache=str(folder / "cache"),
            home=str(home),
            environment=variables,
            now=int(now),
            say=self.said.append,
            pure=pure,
            write=known.flush,
        )
        self.io.download = lambda url: search_path_entry(self.world, url)
        if isinstance(self.io, RestrictedIO):
            self.io.allowed_uris = tuple(allowed) if restricted else None
        self.evaluator = Evaluator(
            self.io,
            extra=store_builtins(self.io, known, lambda: self.world),
            search_path=[parse_entry(entry) for entry in include],
            pure=pure,
        )

    def shown(self, text: str) -> str:
        """What ``--eval --strict`` prints."""

        def work() -> str:
            machine = self.evaluator.machine
            return printer.show(machine, machine.force_deep(self.evaluator.eval_string(text.encode(), "/")))

        return display(bigstack.run(work))
