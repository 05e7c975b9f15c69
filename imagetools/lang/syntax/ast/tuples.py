"""The tags and the layout of the tuples that the parser hands over and the parse cache stores.

A tuple is ``(tag, pos, ...)``: ``pos`` is the byte offset where Nix would point (-1: none), strings are byte strings (latin-1
code points). Everything inside is a plain tuple, str, int, float, bool or None, so that ``marshal`` can store it: no classes,
no methods. Meaning is added by ``lang.nodes``, which makes its nodes from these, lazily.

=================== ==============================================================================================
INT, FLOAT, STRING  ``(t, pos, value)``; URIs are STRING
PATH                ``(t, pos, text)`` as written: relative to the file's folder, or absolute; not canonicalised; a
                    trailing ``/`` is there only where it is the first part of an interpolated path, and has to
                    survive canonicalisation
HOME                ``(t, pos, text)``: the text begins with ``~/``; a trailing ``/`` as with PATH
CONCAT              ``(t, pos, force_string, parts, marks)``: ``"a${b}"`` True; ``a + b`` False with 2 parts; an
                    interpolated path False with PATH or HOME as its first part. ``marks``: for each part the
                    position that Nix names when the part cannot be coerced
VAR                 ``(t, pos, name, level, slot)``: frame ``level`` steps up (0: innermost), ``frame[slot]``; the
                    first slot is 1
GLOBAL              ``(t, pos, name)``
WITHVAR             ``(t, pos, name, levels)``: the levels of the enclosing ``with`` frames, innermost first
SELECT              ``(t, pos, expr, path, default or None)``: a path element is a str or an expression tuple
HASATTR             ``(t, pos, expr, path)``
LAMBDA              ``(t, pos, arg or None, formals or None, ellipsis, body, name or None, before)``: formals are
                    ``(name, pos, default or None)``; frame ``[up, arg if named, formals ...]``. Up to three
                    arguments of ``x: y: z: ...`` share a frame: ``before`` of them stand in it already
CALL                ``(t, pos, fn, args)``
LET                 ``(t, pos, bindings, body)``
ATTRS               ``(t, pos, recursive, bindings)``
WITH                ``(t, pos, scope, body)``
IF                  ``(t, pos, condition, then, otherwise)``
ASSERT              ``(t, pos, condition, body)``
NOT                 ``(t, pos, operand)``
EQ, NEQ, AND, OR,   ``(t, pos, left, right)``
IMPL, UPDATE,
CONCATLISTS
ARITH               ``(t, pos, op, left, right)``: ``op`` is ``__sub``, ``__mul``, ``__div`` or ``__lessThan`` and means
                    the global of that name (where the name is bound lexically it is a CALL of that VAR); a CALL
                    whose ``fn`` is an ARITH comes from ``(a - b) c``
CURPOS              ``(t, pos)``
LIST                ``(t, pos, items)``
=================== ==============================================================================================

``bindings`` is ``(static, froms, dynamic)``. ``static`` is ``(names, places, kinds, payloads)``, columns in the order of the
slots (a tuple for each binding would take several times the memory): ``places`` are positions as the bytes of unsigned 32-bit
ints, ``kinds`` a byte each: EXPRESSION (payload: expression, in the inner scope), INHERITED (payload: the variable's tuple, in
the OUTER scope) or INHERITED_FROM (payload: index into ``froms``). ``froms``: expressions in the inner scope, each to be
evaluated at most once. ``dynamic``: tuple of ``(pos, name expression, value expression)``, in the inner scope.
"""

from typing import Final

INT: Final = 0
FLOAT: Final = 1
STRING: Final = 2
PATH: Final = 3
HOME: Final = 4
CONCAT: Final = 6
VAR: Final = 7
GLOBAL: Final = 8
WITHVAR: Final = 9
SELECT: Final = 10
HASATTR: Final = 11
LAMBDA: Final = 12
CALL: Final = 13
LET: Final = 14
ATTRS: Final = 15
WITH: Final = 16
IF: Final = 17
ASSERT: Final = 18
NOT: Final = 19
EQ: Final = 20
NEQ: Final = 21
AND: Final = 22
OR: Final = 23
IMPL: Final = 24
UPDATE: Final = 25
CONCATLISTS: Final = 26
ARITH: Final = 27
CURPOS: Final = 28
LIST: Final = 29

Static = tuple[tuple[str, ...], bytes, bytes, tuple[object, ...]]
"""names, places, kinds, payloads"""

EXPRESSION: Final = 0
INHERITED: Final = 1
INHERITED_FROM: Final = 2

NAMES: Final = {
    INT: "INT",
    FLOAT: "FLOAT",
    STRING: "STRING",
    PATH: "PATH",
    HOME: "HOME",
    CONCAT: "CONCAT",
    VAR: "VAR",
    GLOBAL: "GLOBAL",
    WITHVAR: "WITHVAR",
    SELECT: "SELECT",
    HASATTR: "HASATTR",
    LAMBDA: "LAMBDA",
    CALL: "CALL",
    LET: "LET",
    ATTRS: "ATTRS",
    WITH: "WITH",
    IF: "IF",
    ASSERT: "ASSERT",
    NOT: "NOT",
    EQ: "EQ",
    NEQ: "NEQ",
    AND: "AND",
    OR: "OR",
    IMPL: "IMPL",
    UPDATE: "UPDATE",
    CONCATLISTS: "CONCATLISTS",
    ARITH: "ARITH",
    CURPOS: "CURPOS",
    LIST: "LIST",
}
