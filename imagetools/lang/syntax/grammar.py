"""The grammar of the language as data: symbols, precedences, rules.

``parser`` reads the language by hand and does not use this. It is here for two readers: ``expecting`` derives from it what Nix
would have accepted where a syntax error stands, and the tests hold the hand-written parser against it.

The shape of the rules matters, not only the language that they describe: which tokens a message lists depends on it.
"""

from typing import Final

from imagetools.kernel.bytestr import from_unicode
from imagetools.lang.syntax import tokens as k

# The terminals in the order in which messages list them, with the names that Nix gives them.
NAMES: Final[dict[int, str]] = {
    k.END: "end of file",
    k.INVALID: "invalid token",
    k.ID: "identifier",
    k.PART: "string",
    k.INDENTED_PART: "indented string",
    k.INT: "integer",
    k.FLOAT: "floating-point literal",
    k.PATH_OPEN: "path",
    k.HOME_OPEN: from_unicode("'~/…' path"),
    k.SEARCH_PATH: from_unicode("'<…>' path"),
    k.PATH_CLOSE: "end of path",
    k.URI: "URI",
    k.IF: "'if'",
    k.THEN: "'then'",
    k.ELSE: "'else'",
    k.ASSERT: "'assert'",
    k.WITH: "'with'",
    k.LET: "'let'",
    k.IN: "'in'",
    k.REC: "'rec'",
    k.INHERIT: "'inherit'",
    k.EQ: "'=='",
    k.NEQ: "'!='",
    k.LEQ: "'<='",
    k.GEQ: "'>='",
    k.UPDATE: "'//'",
    k.CONCAT: "'++'",
    k.AND: "'&&'",
    k.OR: "'||'",
    k.IMPL: "'->'",
    k.OR_KEYWORD: "'or'",
    k.INTERPOLATION: "'${'",
    k.INDENTED_OPEN: "start of an indented string",
    k.INDENTED_CLOSE: "end of an indented string",
    k.ELLIPSIS: "'...'",
    k.LESS: "'<'",
    k.GREATER: "'>'",
    k.PLUS: "'+'",
    k.MINUS: "'-'",
    k.TIMES: "'*'",
    k.DIVIDE: "'/'",
    k.HAS: "'?'",
    k.COLON: "':'",
    k.AT: "'@'",
    k.SEMICOLON: "';'",
    k.NOT: "'!'",
    k.DOT: "'.'",
    k.QUOTE: "'\"'",
    k.LEFT_PAREN: "'('",
    k.RIGHT_PAREN: "')'",
    k.LEFT_BRACE: "'{'",
    k.RIGHT_BRACE: "'}'",
    k.LEFT_BRACKET: "'['",
    k.RIGHT_BRACKET: "']'",
    k.ASSIGN: "'='",
    k.COMMA: "','",
}

# A token of the lexer that stands for several terminals.
EXPANDED: Final[dict[int, tuple[int, ...]]] = {
    k.STRING: (k.QUOTE, k.PART, k.QUOTE),
    k.INDENTED: (k.INDENTED_OPEN, k.INDENTED_PART, k.INDENTED_CLOSE),
    k.INDENTED_ESCAPE: (k.INDENTED_PART,),
    k.PATH: (k.PATH_OPEN, k.PATH_CLOSE),
    k.HOME_PATH: (k.HOME_OPEN, k.PATH_CLOSE),
}

LEFT: Final = "left"
RIGHT: Final = "right"
NEITHER: Final = "neither"

# From loosest to tightest; a string is the name of a rule's own precedence.
PRECEDENCES: Final[tuple[tuple[str, tuple[int | str, ...]], ...]] = (
    (RIGHT, (k.IMPL,)),
    (LEFT, (k.OR,)),
    (LEFT, (k.AND,)),
    (NEITHER, (k.EQ, k.NEQ)),
    (NEITHER, (k.LESS, k.GREATER, k.LEQ, k.GEQ)),
    (RIGHT, (k.UPDATE,)),
    (LEFT, ("not",)),
    (LEFT, (k.PLUS, k.MINUS)),
    (LEFT, (k.TIMES, k.DIVIDE)),
    (RIGHT, (k.CONCAT,)),
    (NEITHER, (k.HAS,)),
    (NEITHER, ("negate",)),
)

# A name in upper case is a terminal of ``tokens``; ``%name`` gives a rule its precedence; nothing between bars is the empty rule.
RULES: Final = """
file: expression
expression: function
function: ID COLON function | formals COLON function | formals AT ID COLON function | ID AT formals COLON function
    | ASSERT expression SEMICOLON function | WITH expression SEMICOLON function | LET bindings IN function | conditional
conditional: IF expression THEN expression ELSE expression | operation
operation: NOT operation %not | MINUS operation %negate | operation EQ operation | operation NEQ operation
    | operation LESS operation | operation LEQ operation | operation GREATER operation | operation GEQ operation
    | operation AND operation | operation OR operation | operation IMPL operation | operation UPDATE operation
    | operation HAS path | operation PLUS operation | operation MINUS operation | operation TIMES operation
    | operation DIVIDE operation | operation CONCAT operation | application
application: application selection | selection
selection: simple DOT path | simple DOT path OR_KEYWORD selection | simple OR_KEYWORD | simple
simple: ID | INT | FLOAT | QUOTE string QUOTE | INDENTED_OPEN indented INDENTED_CLOSE | beginning PATH_CLOSE
    | beginning interpolated PATH_CLOSE | SEARCH_PATH | URI | LEFT_PAREN expression RIGHT_PAREN
    | LET LEFT_BRACE bindings RIGHT_BRACE | REC LEFT_BRACE bindings RIGHT_BRACE | LEFT_BRACE some RIGHT_BRACE
    | LEFT_BRACE RIGHT_BRACE | LEFT_BRACKET list RIGHT_BRACKET
string: PART | interpolated |
interpolated: interpolated PART | interpolated INTERPOLATION expression RIGHT_BRACE | INTERPOLATION expression RIGHT_BRACE
    | PART INTERPOLATION expression RIGHT_BRACE
beginning: PATH_OPEN | HOME_OPEN
indented: indented INDENTED_PART | indented INTERPOLATION expression RIGHT_BRACE |
bindings: some |
some: some path ASSIGN expression SEMICOLON | bindings INHERIT names SEMICOLON
    | bindings INHERIT LEFT_PAREN expression RIGHT_PAREN names SEMICOLON | path ASSIGN expression SEMICOLON
names: names name | names quoted |
path: path DOT name | path DOT quoted | name | quoted
name: ID | OR_KEYWORD
quoted: QUOTE string QUOTE | INTERPOLATION expression RIGHT_BRACE
list: list selection |
formals: LEFT_BRACE several COMMA ELLIPSIS RIGHT_BRACE | LEFT_BRACE ELLIPSIS RIGHT_BRACE
    | LEFT_BRACE several COMMA RIGHT_BRACE | LEFT_BRACE several RIGHT_BRACE | LEFT_BRACE RIGHT_BRACE
several: several COMMA formal | formal
formal: ID | ID HAS expression
"""

TERMINALS: Final[dict[str, int]] = {
    name: number for name, number in vars(k).items() if isinstance(number, int) and number in NAMES and name.isupper()
}
