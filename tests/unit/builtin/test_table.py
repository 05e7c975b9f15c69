"""The table of builtin builders."""

import subprocess
import sys

import pytest

from imagetools.app.builtins import builtins
from imagetools.builtin.table import BuiltinTable


@pytest.mark.parametrize("name", sorted(builtins()))
def test_every_entry_leads_to_the_builder_of_its_name(name: str) -> None:
    builder = builtins()[name]
    assert builder.name == name
    assert callable(builder.build)


def test_unknown_names() -> None:
    assert "no-such" not in builtins()
    with pytest.raises(KeyError):
        builtins()["no-such"]


def test_two_tables_in_one() -> None:
    one = BuiltinTable("imagetools.bundled.builders", {"a": ".trivial.build_env:BuildEnv"})
    both = one | BuiltinTable("imagetools.bundled.fetchers", {"b": ".fetchurl.fetch_url:FetchUrl"})
    assert (list(both), len(both)) == (["a", "b"], 2)
    assert (both["a"].name, both["b"].name) == ("buildenv", "fetchurl")


def test_names_alone_import_no_builder() -> None:
    code = "import sys; from imagetools.app.builtins import builtins; list(builtins())"
    code += "; print([name for name in sys.modules if '.bundled.' in name])"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    assert said == "['imagetools.bundled.builders', 'imagetools.bundled.fetchers']"
