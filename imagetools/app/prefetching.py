"""What ``imagetools prefetch`` does: fetch with an empty hash, and learn the right one from the mismatch.

There is no second way to fetch: the call is evaluated and realised as any build is, and what came stays in the store under its
own path (row 1.007), so that the definition with the right hash downloads nothing.
"""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagetools.app.fetcher_call import FetcherCall
from imagetools.app.settings import PACKAGE
from imagetools.formats.addressing import fixed_path
from imagetools.formats.store_path import StorePath
from imagetools.kernel.bytestr import to_str
from imagetools.kernel.hashes import Hash

if TYPE_CHECKING:
    from imagetools.app.compose import Session
    from imagetools.app.results import Result


@dataclass(frozen=True, slots=True)
class Prefetched:
    """``path`` is valid and holds what ``call`` gives with ``hash``."""

    call: FetcherCall
    hash: Hash
    path: StorePath


def prefetch(session: "Session", call: FetcherCall, *, algo: str = "sha256", expected: Hash | None = None) -> Prefetched:
    """Fetch what ``call`` describes, unless something with the ``expected`` hash is there already.

    Raises HashMismatchError where another hash was expected, and what evaluating and realising raise.
    """
    from imagetools.realise.failures import HashMismatchError

    wanted = expected or Hash.zero(algo)
    result = session.run(lambda: _instantiate(session, call, wanted))
    try:
        session.realise([result])
    except HashMismatchError as mismatch:
        if expected is not None or mismatch.drv != result.drv_path:
            raise
        path = mismatch.path or _path_of(session, result, mismatch.got)
        return Prefetched(call, mismatch.got, path)
    return Prefetched(call, wanted, result.path)


def _instantiate(session: "Session", call: FetcherCall, hash: Hash) -> "Result":
    text = call.to_evaluate(os.fspath(PACKAGE / "pkgs"), hash.sri())
    arguments = {"url": to_str(os.fsencode(str(call.arguments["url"])))} if "url" in call.arguments else {}
    value = session.evaluator.auto_call(session.evaluator.eval_string(os.fsencode(text), "/"), arguments)
    (found,) = session.find(value)
    session.flush()
    return session.result(found)


def _path_of(session: "Session", result: "Result", got: Hash) -> StorePath:
    """Where something with that hash lies, by the rules for fixed outputs."""
    output = session.known.get(result.drv_path).derivation.fixed_output()
    assert output is not None
    return fixed_path(session.store.store_dir, result.path.name, output.method, got)
