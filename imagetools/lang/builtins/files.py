"""Files: reading, listing, finding and importing them.

Everything goes through the machine's ``EvalIO``. Before a path with a context is looked at, what the context names is made
to exist (``io.ensure``: import from derivation).
"""

from typing import Final

from imagetools.kernel.bytestr import to_str
from imagetools.lang.builtins.attrsets import required
from imagetools.lang.builtins.contexts import is_store_path
from imagetools.lang.builtins.imported_drv import derivation_value
from imagetools.lang.builtins.spec import BuiltinSpec, builtin, plain
from imagetools.lang.runtime import coerce, search_path
from imagetools.lang.runtime.errors import EvalError, InvalidPath, InvalidStorePath, RestrictedPath
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.values.model import Attrs, NixPath, make_string

LINKS_MAX: Final = 1000


class BinaryContents(EvalError):
    """A file has a NUL in it, which no string can have."""

    def __init__(self, path: str) -> None:
        super().__init__(f"the contents of the file '{path}' cannot be represented as a Nix string")
        self.path = path


def real_path(m: Machine, v: object) -> str:
    """The absolute path of a path or string, after making sure that what it depends on exists."""
    context: set[str] = set()
    path = coerce.to_path(m, v, context)
    if context:
        try:
            m.io.ensure(frozenset(context))
        except EvalError as error:
            error.push(f"while realising the context of path '{path}'")
            raise
    return path


def import_(m: Machine, path: object) -> object:
    """The value of the file; a folder means its ``default.nix``, a .drv file in the store its derivation. The file sees
    only globals.

    Fails where the file is not there or is no Nix. Example: ``import ./x.nix``. Row 5.090.
    """
    found = real_path(m, path)
    if found.endswith(".drv") and is_store_path(m, found) and m.io.kind(found) == "regular":
        return derivation_value(m, found)
    return m.import_file(found)


def scoped_import(m: Machine, scope: object, path: object) -> object:
    """``import``, but with the attributes of ``scope`` as variables that hide even globals; the file is evaluated anew
    each time.

    Fails as ``import`` does. Example: ``scopedImport { x = 1; } ./x.nix``.
    """
    names = m.attrs(scope, "while evaluating the first argument passed to builtins.scopedImport")
    return m.import_scoped(names, real_path(m, path))


def path_exists(m: Machine, path: object) -> object:
    """Whether there is something at a path; with a slash at the end, whether that is a folder. What ``--restrict-eval`` or
    ``--pure-eval`` forbids to read does not exist.

    Example: ``builtins.pathExists ./x``. Row 5.109.
    """
    value = m.force(path)
    context: set[str] = set()
    text = coerce.to_string(m, value, context, False, False)
    found = real_path(m, value)
    try:
        if text.endswith(("/", "/.")):
            return kind_followed(m, found) == "directory"
        return m.io.kind(found) is not None
    except RestrictedPath:
        return False


def kind_followed(m: Machine, path: str) -> str | None:
    """The kind of what is behind symlinks."""
    kind = m.io.kind(path)
    for _ in range(LINKS_MAX):
        if kind != "symlink":
            return kind
        target = m.io.read_link(path)
        path = coerce.canonical(target if target.startswith("/") else coerce.dir_name(path) + "/" + target)
        kind = m.io.kind(path)
    return None


def read_file(m: Machine, path: object) -> object:
    """The contents of a file; those of a file in the store depend on all that its store object refers to.

    Fails where the file cannot be read, or has a NUL in it. Example: ``builtins.readFile ./x``. Row 5.112.
    """
    found = real_path(m, path)
    text = to_str(m.io.read_file(found))
    if "\0" in text:
        raise BinaryContents(found)
    return make_string(text, m.io.references(found)) if m.io.is_in_store(found) else text


def read_dir(m: Machine, path: object) -> object:
    """The names in a folder, each with "regular", "directory", "symlink" or "unknown". Fails where the folder cannot be read. Row
    5.111.

    Example: ``builtins.readDir ./.``.
    """
    d: dict[str, object] = {}
    d.update(m.io.read_dir(real_path(m, path)))
    return Attrs(d)


def read_file_type(m: Machine, path: object) -> object:
    """ "regular", "directory", "symlink" or "unknown". Fails where there is nothing at the path. Since Nix 2.14. Example:
    ``builtins.readFileType ./x``."""
    found = real_path(m, path)
    kind = m.io.kind(found)
    if kind is None:
        raise InvalidPath(f"path '{found}' does not exist")
    return kind


def find_file(m: Machine, entries: object, name: object) -> object:
    """The path that ``<name>`` means, along a list of ``{ prefix, path }`` like ``builtins.nixPath``.

    Fails with a ``throw`` where no entry has the name. Example: ``builtins.findFile builtins.nixPath "nixpkgs"``. Row 5.010.
    """
    pairs: list[tuple[str, str]] = []
    for x in m.list(entries, "while evaluating the first argument passed to builtins.findFile"):
        entry = m.attrs(x, "while evaluating an element of the list passed to builtins.findFile")
        prefix = ""
        if "prefix" in entry.d:
            prefix = m.string(
                entry.d["prefix"], "while evaluating the `prefix` attribute of an element of the list passed to builtins.findFile"
            )
        context: set[str] = set()
        place = coerce.to_string(m, required(m, entry, "path", "findFile"), context, False, False)
        if context:
            try:
                m.io.ensure(frozenset(context))
            except InvalidStorePath as error:
                raise EvalError(f"cannot find '{place}', since path '{error.path}' is not valid") from None
        pairs.append((prefix, place))
    wanted = m.string(name, "while evaluating the second argument passed to builtins.findFile")
    return NixPath(search_path.find_file(m, pairs, wanted))


def to_path(m: Machine, s: object) -> object:
    """A string with an absolute path, made canonical; still a string. Fails on a relative path. Row 5.126.

    Example: ``builtins.toPath "/a//b/../c"`` is "/a/c".
    """
    context: set[str] = set()
    return make_string(coerce.to_path(m, s, context), context)


BUILTINS: Final[tuple[BuiltinSpec, ...]] = (
    plain("import", import_, "path"),
    plain("scopedImport", scoped_import, "scope", "path"),
    builtin("pathExists", path_exists, "path"),
    builtin("readFile", read_file, "path"),
    builtin("readDir", read_dir, "path"),
    builtin("readFileType", read_file_type, "p"),
    builtin("findFile", find_file, "search-path", "lookup-path"),
    builtin("toPath", to_path, "s"),
)
