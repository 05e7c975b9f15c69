"""Every example in docs/fetchers.md is true: it builds, from local servers at the addresses that it names."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.bundled import fetchers
from tests.oracle.commands import imagetools
from tests.oracle.peers import need
from tests.unit.fetchers.forges import tool
from tests.unit.fetchers.forges.server import Forges, forges
from tests.unit.sandbox.cage import need_namespaces

pytestmark = pytest.mark.oracle

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/fetchers.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```nix\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
NOT_BUILT = {"fetchhg", "fetchsvn", "fetchdeb"}  # no proxy leads hg, svn and apt to a server of ours; they have their own tests


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forges]:
    need("git")
    need_namespaces()
    folder = tmp_path_factory.mktemp("forges")
    with forges(tool.repositories(folder), folder) as made:
        made.files.update(tool.ADDRESSES)
        yield made


def function(example: str) -> str:
    return example.split(maxsplit=1)[0]


def test_the_examples_build(server: Forges, tmp_path: Path) -> None:
    (tmp_path / "manual.txt").write_bytes(tool.MANUAL)
    imagetools("store", "add", "--fixed", "sha256", "manual.txt", home=tmp_path)
    built = [example for example in EXAMPLES if function(example) not in NOT_BUILT]
    # with a name of its own each is fetched, and not found to be there already
    named = [
        f"({example})" if function(example) == "requireFile" else f'(({example}).override {{ name = "n{number}"; }})'
        for number, example in enumerate(built)
    ]
    (tmp_path / "all.nix").write_text(f"with import <nixpkgs> {{ }}; [ {' '.join(named)} ]")
    imagetools("build", "-k", "--no-out-link", "all.nix", home=tmp_path, variables=server.environment)
    assert len(server.seen) >= len(built) - 2
    plain = " ".join(f"({example})" for example in EXAMPLES)
    done = imagetools("instantiate", "-E", f"with import <nixpkgs> {{ }}; [ {plain} ]", home=tmp_path)
    assert len(done.stdout.split()) == len(EXAMPLES)


def test_prefetch_prints_what_the_page_says(server: Forges, tmp_path: Path) -> None:
    console = re.search(r"^```console\n\$ imagetools (.*)\n((?:.*\n)*?)```$", PAGE, re.MULTILINE)
    assert console is not None
    done = imagetools(*console.group(1).split(), home=tmp_path, variables=server.environment)
    assert done.stdout == console.group(2)


def test_every_fetcher_is_on_the_page() -> None:
    folders = {path.parent.name for path in Path(str(fetchers.__file__)).parent.glob("*/default.nix")}
    assert folders == set(re.findall(r"\(\.\./fetchers/(\w+)/\1\.md\)", PAGE))
    for folder in folders:
        assert (ROOT / "fetchers" / folder / f"{folder}.md").is_file(), folder
