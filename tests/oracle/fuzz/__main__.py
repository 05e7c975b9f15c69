"""Many random programs by hand: ``python -m tests.oracle.fuzz COUNT [--seed N]`` prints those that differ, the shortest first."""

import argparse
import difflib
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.oracle.fuzz.compare import Sides
from tests.oracle.fuzz.programs import Maker

PROGRESS = 5000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--show", type=int, default=20, help="so many differences")
    asked = parser.parse_args()
    found: list[tuple[int, str, tuple[str, str]]] = []
    with tempfile.TemporaryDirectory() as folder:
        sides = Sides(Path(folder))
        for at in range(asked.count):
            program = Maker(random.Random(f"{asked.seed} {at}").randrange).program()
            difference = sides.difference(program)
            if difference is not None:
                found.append((len(program), program, difference))
            if at % PROGRESS == PROGRESS - 1:
                print(f"{at + 1} programs, {len(found)} differences", file=sys.stderr, flush=True)
        sides.close()
    for _, program, (ours, theirs) in sorted(found)[: asked.show]:
        print(program)
        lines = difflib.unified_diff(ours.split("\n"), theirs.split("\n"), "ours", "Nix", lineterm="", n=0)
        print("\n".join(f"    {line}" for line in lines))
    print(f"{asked.count} programs (seed {asked.seed}), {len(found)} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
