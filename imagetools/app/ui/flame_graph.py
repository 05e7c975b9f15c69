"""Stacks of functions as a picture that a browser shows: one SVG file that needs nothing else.

Wide is what took long; what is called stands below its caller. Hovering says the numbers, a click makes a frame as wide as the
picture, a click on the first line goes back. Without scripts (where the file is shown inside another page) it is a still picture.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from jinja2 import Environment, StrictUndefined

WIDTH: Final = 1200
ROW: Final = 16
TOP: Final = 48
LETTER: Final = 6.6
"""Pixels of a character of the font; a guess that only decides where a label is cut."""
NARROWEST: Final = 0.4
"""Pixels; what is narrower is left out, as nobody could see it."""
TEMPLATE: Final = Path(__file__).with_name("flame_graph.svg.j2")
_UNWRITABLE: Final = re.compile("[^\t\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class _Node:
    """A frame below the frames of its callers; ``own`` and ``total`` in microseconds."""

    own: int = 0
    total: int = 0
    below: dict[str, "_Node"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Box:
    """A frame as it is drawn: ``start`` and ``total`` in microseconds from the left, ``depth`` 0 for all together."""

    label: str
    start: int
    total: int
    own: int
    depth: int
    x: float
    width: float
    text: str
    colour: str
    title: str


def _tree(stacks: Sequence[tuple[tuple[str, ...], int]]) -> _Node:
    root = _Node()
    for stack, spent in stacks:
        root.total += spent
        node = root
        for label in stack:
            node = node.below.setdefault(label, _Node())
            node.total += spent
        node.own += spent
    return root


def _colour(label: str) -> str:
    """Builtins are blue, files green, functions warm, those of one file alike."""
    name, _, place = label.rpartition(" ")
    if not name:
        return f"hsl({200 if label.startswith('builtins.') else 110},45%,{70 + zlib.crc32(label.encode()) % 10}%)"
    file = place.rsplit(":", 2)[0]
    return f"hsl({zlib.crc32(file.encode()) % 55},{75 + zlib.crc32(name.encode()) % 20}%,{62 + zlib.crc32(name.encode()) % 12}%)"


def _time(microseconds: int) -> str:
    return f"{microseconds / 1e6:.2f} s" if microseconds >= 1_000_000 else f"{microseconds / 1000:.1f} ms"


def boxes(stacks: Sequence[tuple[tuple[str, ...], int]]) -> list[Box]:
    """Everything that is drawn, callers before what they call."""
    root = _tree(stacks)
    whole = max(root.total, 1)
    found: list[Box] = []
    waiting = [("all", root, 0, 0)]
    while waiting:
        label, node, start, depth = waiting.pop()
        width = WIDTH * node.total / whole
        if width < NARROWEST:
            continue
        label = _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", label)
        own = f", {_time(node.own)} of it its own" if node.own else ""
        found.append(
            Box(
                label,
                start,
                node.total,
                node.own,
                depth,
                round(WIDTH * start / whole, 2),
                round(width, 2),
                _cut(label, width),
                "#ddd" if depth == 0 else _colour(label),
                f"{label}\n{_time(node.total)} ({100 * node.total / whole:.1f} %){own}",
            )
        )
        at = start
        for name, child in sorted(node.below.items()):
            waiting.append((name, child, at, depth + 1))
            at += child.total
    return found


def _cut(label: str, width: float) -> str:
    room = int((width - 4) / LETTER)
    if len(label) <= room:
        return label
    return label[: room - 1] + "…" if room >= 3 else ""


def flame_graph(stacks: Sequence[tuple[tuple[str, ...], int]]) -> str:
    """The SVG of stacks: labels (for people), outermost first, and microseconds."""
    drawn = boxes(stacks)
    depth = max(box.depth for box in drawn) if drawn else 0
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    whole = sum(spent for _, spent in stacks)
    return template.render(boxes=drawn, width=WIDTH, row=ROW, top=TOP, height=TOP + (depth + 1) * ROW + 8, whole=_time(whole))
