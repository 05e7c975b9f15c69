"""The root of the last layer as ``extraCommands`` leaves it: laid out on disk, changed by the commands, read back (row 2.031).

The commands see the layer as the current folder, and nothing else of the image. Modes come from them, owners and times never do.
One thing that fails in nixpkgs works here: folders of a read-only package can be written to while the commands run; those that
were not given another mode have their own one afterwards.
"""

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from typing import Final

from imagetools.builtin.api import BuiltinContext, BuiltinError, ShellFailedError
from imagetools.formats.store_path import StorePath
from imagetools.image_io.entries import DIRECTORY, REGULAR, SYMLINK, Entry, StrangeFileError, directory, symlink
from imagetools.kernel.bytestr import to_bytes

from .found_references import references_of
from .inputs import Inputs
from .mentions import Mentions
from .request import Commands, ImageRequest

_OWNERS: Final = 0o700
HOME: Final = "/homeless-shelter"


class CommandsFailedError(BuiltinError):
    """``extraCommands`` (or ``what``) did not end with 0; ``status`` is negative for a signal."""

    def __init__(self, status: int, what: str = "extraCommands") -> None:
        verb = "was" if what == "runAsRoot" else "were"
        ended = f"{verb} killed by signal {-status}" if status < 0 else f"failed with exit code {status}"
        super().__init__(f"{what} {ended}", "the first command that fails ends them; the log above has what they said")
        self.status = status


class MadeTree:
    """The members of a layer, in order, the root first; files lie in the build folder. ``inputs`` are what they may refer to."""

    def __init__(self, entries: list[Entry], inputs: Iterable[StorePath]) -> None:
        self._entries: Final = entries
        self._inputs: Final = tuple(inputs)
        self._names: Final = {entry.name for entry in entries}

    def has(self, name: bytes) -> bool:
        """Whether the layer already has ``name`` (relative, no slash in front)."""
        return name in self._names

    def entries(self) -> Iterator[Entry]:
        return iter(self._entries)

    def place(self, name: bytes) -> bytes | None:
        """Where the file ``name`` lies; None where there is no such file."""
        return next((entry.source for entry in self._entries if entry.name == name and entry.kind == REGULAR), None)

    def measure_again(self, name: bytes) -> None:
        """Take note that the file ``name`` was written anew. Raises OSError."""
        for entry in self._entries:
            if entry.name == name:
                entry.size = os.path.getsize(entry.source)

    def references(self) -> set[StorePath]:
        """The store paths that the layer refers to. Reads every file."""
        return references_of(self._entries, self._inputs)


def made_root(ctx: BuiltinContext) -> bytes:
    """The physical folder in which the commands run."""
    return os.fsencode(os.path.join(ctx.scratch, "layer"))


def commands_environment(ctx: BuiltinContext, commands: Commands, text: str) -> dict[str, str]:
    """The environment in which the commands ``text`` run."""
    return {
        "PATH": ":".join(ctx.real_path(folder) for folder in commands.path.split(":")),
        "HOME": HOME,
        "TMPDIR": ctx.scratch,
        "NIX_STORE": _words(ctx.store_dir.path),
        "buildCommand": _words(text),
    }


def may_refer_to(ctx: BuiltinContext, inputs: Inputs, request: ImageRequest) -> Iterable[StorePath]:
    """The store paths that commands can bring into the image: what they, their shell and the contents name, and its closure."""
    named = Mentions(ctx.store_dir, inputs)
    commands = request.commands
    for text in () if commands is None else (*commands.texts, commands.shell, commands.path, *request.contents):
        named.look_at(text)
    return inputs.closure(named.found).members


def run_extra_commands(
    ctx: BuiltinContext, inputs: Inputs, request: ImageRequest, commands: Commands, entries: Iterable[Entry]
) -> MadeTree:
    """Lay ``entries`` out, run the commands there, see what they left. Raises CommandsFailedError, StrangeFileError, OSError."""
    root = made_root(ctx)
    kept = lay_out(root, entries)
    env = commands_environment(ctx, commands, commands.text)
    ctx.log("Running extraCommands...")
    try:
        ctx.shell([ctx.real_path(commands.shell), "-e", ctx.real_path(commands.script)], env=env, cwd=os.fsdecode(root))
    except ShellFailedError as error:
        raise CommandsFailedError(error.status) from None
    return MadeTree(list(_read_back(root, kept)), may_refer_to(ctx, inputs, request))


def lay_out(root: bytes, entries: Iterable[Entry]) -> dict[bytes, int]:
    """Make files, folders and links below ``root``; the modes of folders as they shall be in the layer."""
    modes: dict[bytes, int] = {}
    for entry in entries:
        place = _place(root, entry.name)
        if entry.kind == DIRECTORY:
            os.mkdir(place)
            os.chmod(place, entry.mode | _OWNERS)
            modes[entry.name] = entry.mode
        elif entry.kind == SYMLINK:
            os.symlink(entry.target, place)
        else:
            shutil.copyfile(entry.source, place)
            os.chmod(place, entry.mode)
    return modes


def _read_back(root: bytes, kept: dict[bytes, int]) -> Iterator[Entry]:
    """Everything below ``root``, each folder before what is in it, names by their bytes. What cannot be read is made readable."""
    todo = [b""]
    while todo:
        name = todo.pop()
        place = _place(root, name)
        info = os.lstat(place)
        mode = stat.S_IMODE(info.st_mode)
        if stat.S_ISLNK(info.st_mode):
            yield symlink(name, os.readlink(place))
        elif stat.S_ISDIR(info.st_mode):
            if mode & 0o500 != 0o500:
                os.chmod(place, mode | 0o500)
            laid = kept.get(name)
            yield directory(name, laid if laid is not None and laid | _OWNERS == mode else mode)
            prefix = name + b"/" if name else b""
            todo.extend(sorted((prefix + child for child in os.listdir(place)), reverse=True))
        elif stat.S_ISREG(info.st_mode):
            if not mode & 0o400:
                os.chmod(place, mode | 0o400)
            yield Entry(name, REGULAR, mode, info.st_size, place)
        else:
            raise StrangeFileError(b"/" + name)


def _words(text: str) -> str:
    """A bytestr as the environment of a process takes it."""
    return os.fsdecode(to_bytes(text))


def _place(root: bytes, name: bytes) -> bytes:
    return root + b"/" + name if name else root
