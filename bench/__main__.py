"""``python -m bench [NAME]...``: every measurement, or the named ones; each prints its own table."""

import importlib
import pkgutil
import sys
from pathlib import Path

TOOLS = {"__main__", "cpu_group", "measure"}
NAMES = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name not in TOOLS]


def main(wanted: list[str]) -> int:
    """Run the measurements; 2 for a name that is none."""
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        print(f"no such measurement: {', '.join(unknown)} (there are: {', '.join(NAMES)})", file=sys.stderr)
        return 2
    for name in wanted or NAMES:
        print(f"== {name}")
        importlib.import_module(f"bench.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
