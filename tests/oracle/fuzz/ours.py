"""Our side of the fuzzer: an evaluator over a store of its own, in this process."""

from pathlib import Path

from imagetools.app.settings import PACKAGE
from imagetools.instantiate.io import StoreIO
from imagetools.instantiate.known import Known
from imagetools.instantiate.table import store_builtins
from imagetools.kernel.errors import ImagetoolsError
from imagetools.lang.builtins import xml_writer
from imagetools.lang.evaluator import DEFAULT_VERSION, Evaluator
from imagetools.lang.runtime import bigstack
from imagetools.lang.runtime.search_path import OWN_FILES
from imagetools.store.local import LocalStore


class Ours:
    """Evaluates files one after the other; store and caches are below ``folder``."""

    def __init__(self, folder: Path, home: Path, nix_version: str = DEFAULT_VERSION, *, read_only: bool = False) -> None:
        self.traces: list[str] = []
        store = LocalStore(str(folder / "store"))
        known = Known(store)
        io = StoreIO(
            store,
            cache=str(folder / "cache"),
            home=str(home),
            environment={},
            now=1700000000,
            say=self.traces.append,
            read_only=read_only,
            write=lambda: None if read_only else known.flush(),
        )
        io.texts[OWN_FILES + "fetchurl.nix"] = Path(PACKAGE, "instantiate/corepkgs/fetchurl.nix").read_bytes()
        self.evaluator = Evaluator(
            io,
            extra=store_builtins(io, known),
            sources={"derivation": ("/builtin/derivation.nix", Path(PACKAGE, "instantiate/derivation.nix").read_bytes())},
            system="x86_64-linux",
            nix_version=nix_version,
        )

    def of(self, file: Path) -> str | ImagetoolsError:
        """The value of a file as XML, or the failure; ``traces`` has what was said on the way."""
        self.traces.clear()

        def work() -> str:
            machine = self.evaluator.machine
            return xml_writer.dump(machine, self.evaluator.eval_file(str(file)), set())

        try:
            return bigstack.run(work)
        except ImagetoolsError as error:
            return error

    def string(self, text: str) -> str:
        """The value of an expression, a string; ImagetoolsError where it has none."""
        return bigstack.run(lambda: self.evaluator.machine.string_ctx(self.evaluator.eval_string(text.encode(), "/"))[0])
