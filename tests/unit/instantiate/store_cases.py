"""The tables in ``cases/``: expressions that need a store or files, and their values (form: ``lang/builtins/case_files.py``).

Each is evaluated inside ``PRELUDE``, in the folder that ``surroundings`` makes; "@" stands for that folder. Of what fails only
that is compared with Nix.
"""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "cases"

PRELUDE: Final = """let
  d = derivation { name = "d"; system = "s"; builder = "b"; outputs = [ "out" "dev" ]; };
  f = builtins.toFile "f" "text";
  g = builtins.toFile "g" "uses ${f}";
in """


def surroundings(folder: Path) -> None:
    """A folder ``dir`` with files, links that lead somewhere and one that does not."""
    place = folder / "dir"
    (place / "sub").mkdir(parents=True)
    (place / "file").write_text("hi\n")
    (place / "file").chmod(0o755)
    (place / "f.nix").write_text("x: 1\n")
    (place / "sub/default.nix").write_text("{ a = 1; }\n")
    for name, target in {"link": "file", "sublink": "sub", "broken": "nowhere", "uplink": "../dir/file"}.items():
        (place / name).symlink_to(target)
