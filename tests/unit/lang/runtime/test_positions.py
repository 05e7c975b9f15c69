"""Offsets to lines and columns, and the origins of sets."""

from array import array

from imagetools.lang.runtime.positions import NOWHERE, Merged, Origin, Placed, Pos, Source, Within, Without


def source(*starts: int) -> Source:
    return Source("/f", array("I", starts).tobytes())


def test_line_and_column() -> None:
    s = source(0, 10, 20)
    assert s.line_col(0) == (1, 1)
    assert s.line_col(9) == (1, 10)
    assert s.line_col(10) == (2, 1)
    assert s.line_col(25) == (3, 6)
    assert str(Pos(s, 11)) == "/f:2:2"


def test_merging() -> None:
    s = source(0)
    left, right = Placed({"a": Pos(s, 1), "b": Pos(s, 2), "d": Pos(s, 4)}), Placed({"b": Pos(s, 3)})
    both = Merged(Merged(left, right), Within(["d"], None))
    assert str(both.find("a")) == "/f:1:2"
    assert str(both.find("b")) == "/f:1:4"
    assert both.look("c") is None
    assert both.look("d") is NOWHERE
    assert both.find("d") is None


def test_parts() -> None:
    s = source(0)
    whole = Placed({"a": Pos(s, 1), "b": Pos(s, 2)})
    for part in (Within(["a"], whole), Without(["b"], whole)):
        assert str(part.find("a")) == "/f:1:2"
        assert part.look("b") is None


def test_a_long_chain_is_walked_not_climbed() -> None:
    s = source(0)
    chain: Origin = Placed({"first": Pos(s, 0)})
    last = Placed({"x": Pos(s, 1)})
    for _ in range(500_000):
        chain = Merged(chain, last)
    assert chain.find("first") is not None
    del chain  # nor is it freed by recursion, which would outgrow the stack
