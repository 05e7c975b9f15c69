"""Builders: one folder each, with its Nix functions, the Python that does the work, and its page of documentation."""

from imagetools.builtin.api import BuiltinBuilder

from .trivial import BUILTINS as TRIVIAL

BUILTINS: tuple[BuiltinBuilder, ...] = (*TRIVIAL,)
