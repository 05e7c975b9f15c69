"""The picture of a profile."""

from xml.etree import ElementTree

from imagetools.app.ui.flame_graph import WIDTH, boxes, flame_graph

SVG = "{http://www.w3.org/2000/svg}"
STACKS = [
    (("f /a.nix:1:1",), 250_000),
    (("f /a.nix:1:1", "builtins.map"), 500_000),
    (("g <&\x00> /b.nix:1:1",), 250_000),
    (("tiny /c.nix:1:1",), 1),
]


def test_boxes_lie_below_their_callers() -> None:
    found = {box.label: box for box in boxes(STACKS)}
    assert [(box.start, box.total, box.own, box.depth) for box in found.values()] == [
        (0, 1_000_001, 0, 0),
        (750_000, 250_000, 250_000, 1),
        (0, 750_000, 250_000, 1),
        (0, 500_000, 500_000, 2),
    ]
    assert found["all"].width == WIDTH
    assert found["builtins.map"].title == "builtins.map\n500.0 ms (50.0 %), 500.0 ms of it its own"


def test_it_is_well_formed_and_needs_nothing_else() -> None:
    text = flame_graph(STACKS)
    root = ElementTree.fromstring(text)
    titles = [title.text for title in root.iter(f"{SVG}title")]
    assert titles[1] == "g <&\ufffd> /b.nix:1:1\n250.0 ms (25.0 %), 250.0 ms of it its own"
    assert len(titles) == 4
    assert "href" not in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_labels_are_cut_to_their_boxes() -> None:
    stacks = [(("x" * 500,), 900), (("y" * 500,), 100), (("z" * 500,), 10)]
    texts = {box.label[0]: box.text for box in boxes(stacks)}
    assert texts["x"].endswith("…")
    assert len(texts["x"]) > len(texts["y"]) > 3
    assert texts["z"] == ""


def test_nothing_was_seen() -> None:
    assert ElementTree.fromstring(flame_graph([])).tag == f"{SVG}svg"
