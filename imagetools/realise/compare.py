"""The end of a build that is only to be compared (``--check``): nothing becomes valid.

Nix's shape: the first output that differs ends it, and where failed builds are kept, the other tree stays beside the valid one
with ``.check`` at the end of its name. A fixed output that is another than specified fails here, too.
"""

from collections.abc import Sequence
from typing import Final

from imagetools.formats.closure import Closure
from imagetools.formats.drv_options import DerivationOptions
from imagetools.realise.failures import HashMismatchError, NotDeterministicError
from imagetools.realise.outputs import actual_path, check_cycles, content_hash, move, read_outputs
from imagetools.realise.plan import Step
from imagetools.sandbox.ports import BuildOutcome
from imagetools.store.ports import Store

SUFFIX: Final = ".check"


def compare_outputs(
    store: Store,
    step: Step,
    options: DerivationOptions,
    outcome: BuildOutcome,
    inputs: Closure,
    tail: Sequence[str],
    *,
    keep: bool,
) -> None:
    """Compare what was built with the valid outputs; outputs that are not valid are not looked at.

    ``keep`` leaves a tree that differs beside the valid one. Raises NotDeterministicError, HashMismatchError, and what reading
    outputs raises.
    """
    drv = store.store_dir.join(step.drv)
    trees = read_outputs(store, step, options, outcome, step.outputs, inputs, tail)
    check_cycles(drv, trees)
    fixed = step.derivation.fixed_output()
    for tree in trees:
        if fixed is not None and (got := content_hash(tree, fixed)) != fixed.hash:
            path = actual_path(store, step, tree, fixed, got)
            raise HashMismatchError(drv, fixed.hash, got, path if store.is_valid(path) else None)
        info = store.query(tree.path)
        if info is None or info.nar_hash == tree.nar_hash:
            continue
        real = store.real_path(tree.path)
        if keep:
            move(real + SUFFIX, tree.place)
        raise NotDeterministicError(drv, real, real + SUFFIX if keep else None)
