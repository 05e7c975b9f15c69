"""What several commands that build take, besides how they evaluate; apart from that, since ``eval`` starts faster without."""

from typing import Annotated

from imagetools.app.cli.declare import Option
from imagetools.app.cli.evaluation import Evaluation

Jobs = Annotated[
    int | None,
    Option("-j", "--max-jobs", metavar="N", min=0, help="How many builds run at once (0: only what sets preferLocalBuild)."),
]
Cores = Annotated[int | None, Option("--cores", metavar="N", min=0, help="NIX_BUILD_CORES for builders (0: all).")]
KeepFailed = Annotated[bool, Option("-K", "--keep-failed", help="Keep the build folder of a failed build.")]
NoSandbox = Annotated[bool, Option("--no-sandbox", help="Build without isolation: results may depend on this machine.")]


class Unrecorded(Evaluation, without=("no_eval_cache", "explain", "profile", "show_stats")):
    """Of commands that are about something else: no evaluation of theirs is answered from a record, or watched."""
