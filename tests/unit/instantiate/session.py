"""An evaluation over a real store in a temporary folder, as the commands make one, for the tests of this room."""

from pathlib import Path

from imagetools.instantiate.find import find_derivations
from imagetools.instantiate.found import Found
from imagetools.instantiate.io import Build, StoreIO
from imagetools.instantiate.known import Known
from imagetools.instantiate.restricted import RestrictedIO
from imagetools.instantiate.table import store_builtins
from imagetools.kernel.bytestr import display
from imagetools.lang.evaluator import Evaluator
from imagetools.lang.runtime import bigstack, printer
from imagetools.store.local import LocalStore

DERIVATION = Path(__file__).resolve().parents[3] / "imagetools/instantiate/derivation.nix"


class Session:
    """``folder`` holds the store below ``root``, the parse cache below ``cache`` and is where relative paths start.

    ``build`` makes outputs for import from derivation.
    """

    def __init__(self, folder: Path, *, read_only: bool = False, build: Build | None = None, restricted: bool = False) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.store = LocalStore(str(folder / "root"))
        self.known = Known(self.store, writes=not read_only)
        self.io = (RestrictedIO if restricted else StoreIO)(
            self.store,
            cache=str(folder / "cache"),
            home="/home/ann",
            environment={"USER": "ann"},
            now=1700000000,
            say=self.said.append,
            read_only=read_only,
            write=lambda: None if read_only else self.known.flush(),
            build=build,
        )
        self.evaluator = Evaluator(
            self.io,
            extra=store_builtins(self.io, self.known),
            sources={"derivation": ("/builtin/derivation.nix", DERIVATION.read_bytes())},
        )

    def value(self, text: str) -> object:
        return bigstack.run(lambda: self.evaluator.eval_string(text.encode(), str(self.folder)))

    def shown(self, text: str) -> str:
        """What ``--eval --strict`` prints."""

        def work() -> str:
            machine = self.evaluator.machine
            return printer.show(machine, machine.force_deep(self.evaluator.eval_string(text.encode(), str(self.folder))))

        return display(bigstack.run(work))

    def found(self, text: str) -> list[Found]:
        def work() -> list[Found]:
            value = self.evaluator.eval_string(text.encode(), str(self.folder))
            return find_derivations(self.evaluator.machine, value, lambda v: self.evaluator.auto_call(v, {}))

        return bigstack.run(work)
