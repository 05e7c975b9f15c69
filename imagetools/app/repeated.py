"""An evaluation that has not changed is not repeated: it is answered from its record, or recorded."""

import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar, cast

from imagetools.app.ui.terminal import say

if TYPE_CHECKING:
    from imagetools.app.compose import Session

T = TypeVar("T")


def recorded(session: "Session", request: Sequence[object], work: Callable[[], T], *, possible: bool = True) -> T:
    """What ``work`` gives, evaluating, or what it gave for the same ``request`` earlier, where nothing has changed that it has
    learnt since. That must be plain: lists, tuples, dictionaries, strings, bytes. ``possible``: False for a request that says too
    little (standard input).

    Raises what ``work`` raises; what fails is not recorded.
    """
    settings = session.settings
    if session.watch.wanted:
        _explain(session, "evaluated: --profile and --show-stats use no records")
        with session.watch:
            return session.run(work)
    if not (settings.eval_cache and possible):
        _explain(session, "evaluated: records are not used here")
        return session.run(work)
    from imagetools.app.eval_records import EvalRecords, Record, key_of

    began = time.time_ns()
    records = EvalRecords(f"{settings.cache}/eval")
    key = key_of([*request, session.read_only], settings, os.getcwd())
    record = records.find(key)
    why = "there was no record"
    if record is not None:
        from imagetools.instantiate.io import StoreIO
        from imagetools.instantiate.replay import Replay

        replay = Replay(session.make_io(StoreIO), record.began)
        changed = replay.changed(record.facts)
        if not changed:
            for line in record.said:
                say(line)
            if replay.fresh:
                records.keep(key, Record(began, {**record.facts, **replay.fresh}, record.said, record.result))
            _explain(session, f"answered from its record: all {len(record.facts)} facts are as they were")
            return cast(T, record.result)
        why = f"something has changed: {changed}"
    from imagetools.instantiate.recording import Recorder

    recorder = session.io.recorder = Recorder(began)
    result = session.run(work)
    if recorder.spoiled:
        _explain(session, f"evaluated, and not recorded: {recorder.spoiled}")
        return result
    records.keep(key, Record(began, recorder.facts, recorder.said, result))
    _explain(session, f"evaluated, since {why}; recorded with {len(recorder.facts)} facts")
    return result


def _explain(session: "Session", text: str) -> None:
    if session.explain:
        say(f"evaluation: {text}")
