"""The kinds of tokens: small integers, with the names that Nix gives them in messages.

A token is three values at the same index of three lists: kind, value (text, number, or None), offset in the file. Strings without
interpolation and paths without interpolation are one token; others are taken apart as Nix's lexer does: opening quote, parts,
``${``, the tokens of the expression, ``}``, parts, closing quote.
"""

from typing import Final

END: Final = 0
ID: Final = 1
INT: Final = 2
FLOAT: Final = 3
STRING: Final = 4  # a whole "..." without interpolation; value: its text, escapes done
INDENTED: Final = 5  # a whole ''...'' without interpolation or escapes; value: its text, indentation removed
PATH: Final = 6  # a whole path
HOME_PATH: Final = 7
SEARCH_PATH: Final = 8  # value: what stands between < and >
URI: Final = 9
QUOTE: Final = 10  # the " that opens or closes a string with interpolation
PART: Final = 11  # text between interpolations, in a string or in a path
INDENTED_OPEN: Final = 12
INDENTED_PART: Final = 13  # text; counts for the indentation
INDENTED_ESCAPE: Final = 14  # text from an escape: ends the white space at the start of a line
INDENTED_CLOSE: Final = 15
PATH_OPEN: Final = 16  # first part of a path with interpolation
HOME_OPEN: Final = 17
PATH_CLOSE: Final = 18
INTERPOLATION: Final = 19  # ${
IF: Final = 20
THEN: Final = 21
ELSE: Final = 22
ASSERT: Final = 23
WITH: Final = 24
LET: Final = 25
IN: Final = 26
REC: Final = 27
INHERIT: Final = 28
OR_KEYWORD: Final = 29
ELLIPSIS: Final = 30
LEFT_BRACE: Final = 31
RIGHT_BRACE: Final = 32
LEFT_PAREN: Final = 33
RIGHT_PAREN: Final = 34
LEFT_BRACKET: Final = 35
RIGHT_BRACKET: Final = 36
SEMICOLON: Final = 37
COLON: Final = 38
COMMA: Final = 39
DOT: Final = 40
AT: Final = 41
ASSIGN: Final = 42
NOT: Final = 43
EQ: Final = 44
NEQ: Final = 45
LESS: Final = 46
LEQ: Final = 47
GREATER: Final = 48
GEQ: Final = 49
AND: Final = 50
OR: Final = 51
IMPL: Final = 52
UPDATE: Final = 53
CONCAT: Final = 54
PLUS: Final = 55
MINUS: Final = 56
TIMES: Final = 57
DIVIDE: Final = 58
HAS: Final = 59  # ?
INVALID: Final = 60  # a character that begins nothing
FAILURE: Final = 61  # the lexer cannot go on; value: a SyntaxFailure, raised when the parser arrives here
COUNT: Final = 62

KEYWORDS: Final[dict[str, int]] = {
    "if": IF,
    "then": THEN,
    "else": ELSE,
    "assert": ASSERT,
    "with": WITH,
    "let": LET,
    "in": IN,
    "rec": REC,
    "inherit": INHERIT,
    "or": OR_KEYWORD,
}

SIGNS: Final[dict[str, int]] = {
    "...": ELLIPSIS,
    "(": LEFT_PAREN,
    ")": RIGHT_PAREN,
    "[": LEFT_BRACKET,
    "]": RIGHT_BRACKET,
    ";": SEMICOLON,
    ":": COLON,
    ",": COMMA,
    ".": DOT,
    "@": AT,
    "=": ASSIGN,
    "!": NOT,
    "==": EQ,
    "!=": NEQ,
    "<": LESS,
    "<=": LEQ,
    ">": GREATER,
    ">=": GEQ,
    "&&": AND,
    "||": OR,
    "->": IMPL,
    "//": UPDATE,
    "++": CONCAT,
    "+": PLUS,
    "-": MINUS,
    "*": TIMES,
    "/": DIVIDE,
    "?": HAS,
}
