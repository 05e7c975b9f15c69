"""``imagetools repl`` on a terminal: prompt, lines, completion, history, Ctrl-C, Ctrl-D."""

from pathlib import Path

from tests.unit.app.terminals import imagetools

PROMPT = "imagetools>"
ENDLESS = (
    "builtins.foldl' (a: b: builtins.foldl' (c: d: c + d) a (builtins.genList (x: x) 1000)) 0 (builtins.genList (x: x) 500000)"
)


def test_values_lines_and_leaving(tmp_path: Path) -> None:
    with imagetools(tmp_path, "repl") as terminal:
        terminal.until(PROMPT)
        terminal.send("1 + 1\r")
        assert "\n2\r\n" in terminal.until("\n2\r\n")
        terminal.until(PROMPT)
        terminal.send("x = {\r")
        terminal.send("a = 40; }\r")
        terminal.until(PROMPT)
        terminal.send("x.a + 2\r")
        terminal.until("\n42\r\n")
        terminal.until(PROMPT)
        terminal.send("\x04")
        assert terminal.end() == 0


def test_an_error_does_not_end_it(tmp_path: Path) -> None:
    with imagetools(tmp_path, "repl") as terminal:
        terminal.until(PROMPT)
        terminal.send('throw "no"\r')
        terminal.until("error: no")
        terminal.until(PROMPT)
        terminal.send(":q\r")
        assert terminal.end() == 0


def test_tab_completes_attributes(tmp_path: Path) -> None:
    with imagetools(tmp_path, "repl") as terminal:
        terminal.until(PROMPT)
        terminal.send('thing = { attribute = 7; other = throw "forced"; }\r')
        terminal.until(f"\n{PROMPT}")
        terminal.send("thing.attr\t")
        terminal.until("ibute")
        terminal.send("\r")
        terminal.until("\n7\r\n")


def test_history_is_kept(tmp_path: Path) -> None:
    with imagetools(tmp_path, "repl") as terminal:
        terminal.until(PROMPT)
        terminal.send("100 + 23\r")
        terminal.until("\n123\r\n")
        terminal.until(PROMPT)
        terminal.send("\x04")
        assert terminal.end() == 0
    assert "+100 + 23" in (tmp_path / ".cache/imagetools/repl-history").read_text()
    with imagetools(tmp_path, "repl") as terminal:
        terminal.until(PROMPT)
        terminal.send("\x1b[A")
        terminal.until("100 + 23")
        terminal.send("\r")
        terminal.until("\n123\r\n")


def test_ctrl_c_stops_an_evaluation_and_empties_a_line(tmp_path: Path) -> None:
    with imagetools(tmp_path, "repl") as terminal:
        terminal.until(PROMPT)
        terminal.send(f"long = {ENDLESS}\r")
        terminal.until(PROMPT)
        terminal.send("builtins.trace ''begins'' long\r")
        terminal.until("trace: begins")
        terminal.send("\x03")
        terminal.until("error: interrupted")
        terminal.until(PROMPT)
        terminal.send("not finished (\x03")
        terminal.until(PROMPT)
        terminal.send("6 * 7\r")
        terminal.until("\n42\r\n")


def test_a_history_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / ".cache").write_text("no folder")
    with imagetools(tmp_path, "repl") as terminal:
        terminal.until(PROMPT)
        terminal.send("1 + 2\r")
        terminal.until("\n3\r\n")
