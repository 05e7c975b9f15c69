"""What outputs may refer to, and how big they may be: ``allowedReferences`` and its kin, ``outputChecks``.

Rows 4.035-4.038, 4.051. Checked before anything becomes valid. Nix's shape: an item is a store path or the name of an output;
without structured attributes an output's reference to itself counts for nothing among its requisites, but does among its
references.
"""

from collections.abc import Iterable, Mapping, Sequence

from imagetools.formats.closure import Closure
from imagetools.formats.drv_options import DerivationOptions, OutputChecks
from imagetools.formats.path_info import PathInfo
from imagetools.formats.store_path import StorePath, StorePathError
from imagetools.realise.failures import BadReferenceSpecifierError, ForbiddenReferencesError, TooLargeError
from imagetools.store.ports import BuiltOutput, Store


def check_outputs(
    store: Store,
    drv: str,
    options: DerivationOptions,
    names: Mapping[str, StorePath],
    outputs: Mapping[str, BuiltOutput],
    inputs: Closure,
) -> None:
    """``outputs``: what was built, by name; ``names``: all outputs of the derivation, some may be valid already.

    Raises TooLargeError, BadReferenceSpecifierError, ForbiddenReferencesError.
    """
    if not options.output_checks:
        return
    check = _Check(store, drv, names, outputs.values(), inputs)
    for name in sorted(outputs):
        checks = options.checks(name)
        if not checks.empty:
            check.output(outputs[name], checks)


class _Check:
    def __init__(
        self, store: Store, drv: str, names: Mapping[str, StorePath], outputs: Iterable[BuiltOutput], inputs: Closure
    ) -> None:
        self._store = store
        self._drv = drv
        self._names = names
        self._by_path = {output.path: output for output in outputs}
        self._inputs = inputs

    def output(self, output: BuiltOutput, checks: OutputChecks) -> None:
        path = self._store.store_dir.join(output.path)
        if checks.max_size is not None and output.nar_size > checks.max_size:
            raise TooLargeError(self._drv, path, output.nar_size, checks.max_size, closure=False)
        if checks.max_closure_size is not None:
            size = sum(self._info(member).nar_size for member in self._closure(output.path))
            if size > checks.max_closure_size:
                raise TooLargeError(self._drv, path, size, checks.max_closure_size, closure=True)
        references = set(output.references)
        self._allowed(path, checks.allowed_references, references)
        if checks.allowed_requisites is not None or checks.disallowed_requisites:
            requisites = self._closure(output.path)
            if checks.ignore_self:
                requisites.discard(output.path)
            self._allowed(path, checks.allowed_requisites, requisites)
            self._disallowed(path, checks.disallowed_references, references)
            self._disallowed(path, checks.disallowed_requisites, requisites)
        else:
            self._disallowed(path, checks.disallowed_references, references)

    def _allowed(self, path: str, items: Sequence[str] | None, used: set[StorePath]) -> None:
        if items is not None:
            self._complain(path, used - self._specified(items))

    def _disallowed(self, path: str, items: Sequence[str], used: set[StorePath]) -> None:
        if items:
            self._complain(path, used & self._specified(items))

    def _complain(self, path: str, bad: set[StorePath]) -> None:
        if bad:
            raise ForbiddenReferencesError(self._drv, path, [self._store.store_dir.join(item) for item in sorted(bad)])

    def _specified(self, items: Sequence[str]) -> set[StorePath]:
        found: set[StorePath] = set()
        for item in items:
            try:
                found.add(self._store.store_dir.parse(item))
            except StorePathError:
                if item not in self._names:
                    raise BadReferenceSpecifierError(self._drv, item) from None
                found.add(self._names[item])
        return found

    def _info(self, path: StorePath) -> BuiltOutput | PathInfo:
        return self._by_path.get(path) or self._inputs.members.get(path) or self._store.closure([path]).members[path]

    def _closure(self, root: StorePath) -> set[StorePath]:
        """All that a path needs; other outputs of the build, which are not valid yet, are known here."""
        found: set[StorePath] = set()
        todo = [root]
        while todo:
            path = todo.pop()
            if path not in found:
                found.add(path)
                todo.extend(self._info(path).references)
        return found
