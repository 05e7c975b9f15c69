"""The trivial builders: runCommand, the writeText family, symlinkJoin, buildEnv. See trivial.md."""

from imagetools.builtin.api import BuiltinBuilder

from .build_env import BuildEnv
from .symlink_join import SymlinkJoin

BUILTINS: tuple[BuiltinBuilder, ...] = (BuildEnv(), SymlinkJoin())
