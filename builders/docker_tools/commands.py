"""The commands of an image definition: extraCommands as nobody in particular, runAsRoot and fakeRootCommands as root.

Rows 2.011, 2.031-2.034. Where commands run as root all of them do, in a namespace of their own; it is the definition that
decides, never the host. runAsRoot runs before extraCommands, fakeRootCommands after them, as in nixpkgs. There is no virtual
machine (diskSize means nothing) and no preloaded library (static programs are served like others).
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Final

from imagetools.builtin.api import BuiltinContext, Root
from imagetools.image_io.entries import Entry
from imagetools.image_io.stamp import Stamp

from .base import Base
from .changed_tree import ChangedTree
from .inputs import Inputs
from .made_tree import HOME, CommandsFailedError, MadeTree, commands_environment, made_root, may_refer_to, run_extra_commands
from .request import Commands, ImageRequest
from .rooted_tree import RootedTree

_AS_ROOT: Final = ("runAsRoot", "fakeRootCommands")
#: What an image has comes before what the build has; nixpkgs knows the image's /bin alone.
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ROOTS_HOME: Final = "/root"
_TMP: Final = b"tmp"
_TMP_MODE: Final = 0o1777


class RootCommandsFailedError(CommandsFailedError):
    """Commands that ran as root did not end with 0; ``refused`` is what they asked for in vain."""

    def __init__(self, what: str, status: int, refused: tuple[str, ...]) -> None:
        super().__init__(status, what)
        self.refused = refused
        if refused:
            self.hint = (
                f"this build could not {'; it could not '.join(refused)}; that takes 65536 subordinate ids of whoever builds, in "
                "/etc/subuid and /etc/subgid (usermod --add-subuids, --add-subgids), and newuidmap (package uidmap)"
            )


@dataclass(frozen=True, slots=True)
class _Step:
    """One text to run as root: ``inside`` the tree, or beside it with the tree as the current folder."""

    name: str
    text: str
    inside: bool


def wants_root(env: Mapping[str, str], machines: str = "") -> bool:
    """Whether the derivation runs commands as root; ``machines`` is JSON with attributes that only some of its images have."""
    return any(env.get(name) or f'"{name}"' in machines for name in _AS_ROOT)


def run_commands(
    ctx: BuiltinContext, inputs: Inputs, request: ImageRequest, base: Base, owner: Stamp, entries: Iterable[Entry]
) -> MadeTree | None:
    """Lay ``entries`` out, over the base where runAsRoot shall see it, run the commands there, and see what they left; None where
    there are no commands. What is laid out is ``owner``'s.

    Raises CommandsFailedError, StrangeFileError, BrokenImageError, ArchiveError, OSError; and what ``BuiltinContext.root`` does.
    """
    commands = request.commands
    if commands is None:
        return None
    if not commands.as_root:
        return run_extra_commands(ctx, inputs, request, commands, entries)
    if commands.unneeded:
        ctx.log(f"note: {commands.unneeded.replace(' ', ' and ')}: not needed, as no virtual machine is used")
    root = ctx.root()
    tree = _made_tree(ctx, root)
    over_base = bool(commands.run_as_root) and base.depth > 0
    if base.image is not None and over_base:
        ctx.log("Unpacking base image...")
        for layer in base.image.layers:
            tree.lay_layer(layer)
    changes = ChangedTree(tree.place, root, owner, ctx.log, noted=over_base)
    for entry in entries:
        tree.lay(entry if entry.owner is not None else replace(entry, owner=owner))
    if commands.run_as_root and tree.make_folder(_TMP):
        os.chmod(tree.at(_TMP), _TMP_MODE)
    for step in _steps(commands):
        ctx.log(f"Running {step.name}...")
        _run(ctx, commands, tree, step)
    return MadeTree(changes.entries(), may_refer_to(ctx, inputs, request))


def _steps(commands: Commands) -> Iterator[_Step]:
    if commands.run_as_root:
        yield _Step("runAsRoot", commands.run_as_root, True)
    if commands.text:
        yield _Step("extraCommands", commands.text, False)
    if commands.fake_root:
        yield _Step("fakeRootCommands", commands.fake_root, commands.chroot)


def _made_tree(ctx: BuiltinContext, root: Root) -> RootedTree:
    place = made_root(ctx)
    os.mkdir(place)
    os.chmod(place, 0o755)
    return RootedTree(place, root)


def _run(ctx: BuiltinContext, commands: Commands, tree: RootedTree, step: _Step) -> None:
    env = commands_environment(ctx, commands, step.text)
    if step.inside:
        env |= {"PATH": f"{_PATH}:{env['PATH']}", "HOME": _ROOTS_HOME if commands.run_as_root else HOME}
        del env["TMPDIR"]
    argv = [ctx.real_path(commands.shell), "-e", ctx.real_path(commands.script)]
    if not step.inside:
        status, refused = tree.root.run(argv, env=env, cwd=os.fsdecode(tree.place))
        tree.forget()
    else:
        with _mount_points(ctx, tree):
            status, refused = tree.root.run(argv, env=env, cwd="/", root=tree.place)
            tree.forget()
    if status:
        raise RootCommandsFailedError(step.name, status, refused)
    for what in refused:
        ctx.log(f"warning: {step.name} could not {what}")


@contextmanager
def _mount_points(ctx: BuiltinContext, tree: RootedTree) -> Iterator[None]:
    """The folders where /dev, /proc and the store are mounted while commands run; those that were made for it go again."""
    store = os.fsencode(ctx.store_dir.path).strip(b"/")
    parts = store.split(b"/")
    wanted = [b"dev", b"proc", *(b"/".join(parts[:end]) for end in range(1, len(parts) + 1))]
    made = [name for name in wanted if tree.make_folder(name)]
    yield
    for name in reversed(made):
        with suppress(OSError):  # it is not empty, or something else by now
            if tree.is_folder(name):
                os.rmdir(tree.at(name))
