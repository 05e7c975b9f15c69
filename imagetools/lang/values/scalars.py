"""How values that hold no others are written: by ``--eval``, and in messages.

Nix 2.8 and later agree here; floats have six significant digits.
"""

import math

from imagetools.lang.values.model import Builtin, Lambda, NixPath, NixString, PartialBuiltin


def show_scalar(v: object) -> str:
    """A value that holds no others."""
    t = type(v)
    if v is None:
        text = "null"
    elif t is str:
        assert isinstance(v, str)
        text = show_string(v)
    elif isinstance(v, NixString):
        text = show_string(v.text)
    elif isinstance(v, bool):
        text = "true" if v else "false"
    elif isinstance(v, int):
        text = str(v)
    elif isinstance(v, float):
        text = show_float(v)
    elif isinstance(v, NixPath):
        text = v.text
    elif isinstance(v, Lambda):
        text = "<LAMBDA>"
    elif isinstance(v, Builtin):
        text = "<PRIMOP>"
    elif isinstance(v, PartialBuiltin):
        text = "<PRIMOP-APP>"
    else:
        raise AssertionError(t)
    return text


def show_string(text: str) -> str:
    """A string literal: quotes, backslashes, ``${`` and the three common control characters are escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return '"' + escaped.replace("\t", "\\t").replace("${", "\\${") + '"'


def show_float(v: float) -> str:
    """Six significant digits; a negative NaN keeps its sign."""
    if math.isnan(v):
        return "-nan" if math.copysign(1.0, v) < 0 else "nan"
    return f"{v:g}"
