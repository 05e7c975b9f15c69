"""What ``imagetools prefetch`` does: fetch with an empty hash, and learn the right one from the mismatch.

There is no second way to fetch: the call is evaluated and realised as any build is, and what came stays in the store under its
own path (row 1.007), so that the definition with the right hash downloads nothing.
"""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from imagetools.app.fetcher_call import FetcherCall
from imagetools.app.settings import PACKAGE
from imagetools.formats.addressing import fixed_path
from imagetools.formats.store_path import StorePath
from imagetools.kernel.bytestr import display, to_str
from imagetools.kernel.errors import ImagetoolsError
from imagetools.kernel.hashes import Hash

if TYPE_CHECKING:
    from imagetools.app.compose import Session
    from imagetools.app.results import Result


_CHANGE: Final = """{ value }: let
  go = it:
    if it.type or null == "derivation" then derivation (it.drvAttrs // { outputHash = "HASH"; outputHashAlgo = null; })
    else if builtins.isList it then map go it
    else if builtins.isAttrs it then builtins.mapAttrs (_: go) it
    else it;
in go value"""


@dataclass(frozen=True, slots=True)
class Prefetched:
    """``path`` is valid and holds what ``call`` gives with ``hash``."""

    call: FetcherCall
    hash: Hash
    path: StorePath


@dataclass(frozen=True, slots=True)
class Refetched:
    """``path`` is valid and has ``hash``, whatever was ``specified``."""

    hash: Hash
    specified: Hash
    path: StorePath


class NotFetchedError(ImagetoolsError):
    """A derivation that has no fixed output, so nothing is fetched by it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"'{name}' is not made by a fetcher: it has no fixed hash",
            "name what is fetched, such as its attribute src: -A ATTR.src",
        )
        self.name = name


def prefetch(session: "Session", call: FetcherCall, *, algo: str = "sha256", expected: Hash | None = None) -> Prefetched:
    """Fetch what ``call`` describes, unless something with the ``expected`` hash is there already.

    Raises HashMismatchError where another hash was expected, and what evaluating and realising raise.
    """
    wanted = expected or Hash.zero(algo)
    result = session.run(lambda: _instantiate(session, call, wanted))
    hash, path = _realise(session, result, wanted, learn=expected is None)
    return Prefetched(call, hash, path)


def refetch(session: "Session", value: object, *, algo: str) -> list[Refetched]:
    """Fetch anew all that the fetchers in ``value`` (a derivation, or a set or list of them) name. Raises NotFetchedError."""
    wanted = Hash.zero(algo)
    fetched = []
    for result, specified in session.run(lambda: _with_other_hash(session, value, wanted)):
        hash, path = _realise(session, result, wanted, learn=True)
        fetched.append(Refetched(hash, specified, path))
    return fetched


def _with_other_hash(session: "Session", value: object, hash: Hash) -> "list[tuple[Result, Hash]]":
    """Each derivation's output if it had ``hash``, and the hash that it has."""
    called = session.evaluator.auto_call(value, session.arguments)
    specified: list[Hash] = []
    for item in session.find(called):
        output = session.known.get(item.drv_path).fixed_output()
        if output is None:
            raise NotFetchedError(display(item.name))
        specified.append(output.hash)
    change = session.evaluator.eval_string(_CHANGE.replace("HASH", hash.sri()).encode(), "/")
    found = session.find(session.evaluator.auto_call(change, {"value": called}))
    session.flush()
    return list(zip(map(session.result, found), specified, strict=True))


def _realise(session: "Session", result: "Result", wanted: Hash, *, learn: bool) -> tuple[Hash, StorePath]:
    """The hash that came, and where it lies; ``learn`` it from the mismatch, or raise that."""
    from imagetools.realise.failures import HashMismatchError

    try:
        session.realise([result])
    except HashMismatchError as mismatch:
        if not learn or mismatch.drv != result.drv_path:
            raise
        return mismatch.got, mismatch.path or _path_of(session, result, mismatch.got)
    return wanted, result.path


def _instantiate(session: "Session", call: FetcherCall, hash: Hash) -> "Result":
    text = call.to_evaluate(f"{PACKAGE}/pkgs", hash.sri())
    arguments = {"url": to_str(os.fsencode(str(call.arguments["url"])))} if "url" in call.arguments else {}
    value = session.evaluator.auto_call(session.evaluator.eval_string(os.fsencode(text), "/"), arguments)
    (found,) = session.find(value)
    session.flush()
    return session.result(found)


def _path_of(session: "Session", result: "Result", got: Hash) -> StorePath:
    """Where something with that hash lies, by the rules for fixed outputs."""
    output = session.known.get(result.drv_path).fixed_output()
    assert output is not None
    return fixed_path(session.store.store_dir, result.path.name, output.method, got)
