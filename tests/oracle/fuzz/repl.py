"""One ``nix repl`` that answers many programs: a process for each would cost more than all the rest.

A program is a file that the repl imports; its value comes back as ``toXML`` prints it. A program that takes the repl down with it
(C++ Nix has no end to its stack but the system's) has failed, and the next one finds a new repl.
"""

import os
import re
import select
import subprocess
from pathlib import Path
from typing import Final

TIMEOUT: Final = 20.0
COLOUR: Final = re.compile(rb"\x1b\[[0-9;]*m")
VALUE: Final = re.compile(rb'^(?:nix-repl> )?"(<\?xml .*)"$', re.MULTILINE)
TRACE: Final = re.compile(rb"^(?:nix-repl> )?(trace: .*)$", re.MULTILINE)
ESCAPES: Final = re.compile(rb"\\(.)", re.DOTALL)
PLAIN: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}


class Repl:
    """Ask ``of`` for values; ``close`` at the end. Its store and all that it writes are below ``folder``, ``home`` is what ``~``
    means."""

    def __init__(self, folder: Path, home: Path | None = None) -> None:
        self.folder = folder
        self.home = home or folder
        self.count = 0
        self.process: subprocess.Popen[bytes] | None = None

    def of(self, file: Path) -> tuple[str | None, str, list[str]]:
        """(the value of a file as XML, or None where it fails; the first line of what was said then; traces). Each file once."""
        self.count += 1
        asked = f':p builtins.toXML (import {file})\n:p "=end {self.count}="\n'
        said = COLOUR.sub(b"", self._ask(asked.encode(), b"=end %d=" % self.count))
        traces = [line.decode("latin-1") for line in TRACE.findall(said)]
        found = VALUE.search(said)
        if found is not None:
            text = ESCAPES.sub(lambda match: PLAIN.get(match[1], match[1]), found[1])
            return text.decode("latin-1"), "", traces
        error = re.search(rb"^error: (.*)$", said, re.MULTILINE)
        return None, (error[1] if error else said[-200:]).decode("latin-1"), traces

    def _ask(self, text: bytes, end: bytes) -> bytes:
        process = self.process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        said = b""
        try:
            process.stdin.write(text)
            process.stdin.flush()
            while b'"' + end + b'"\x1b' not in said:
                ready, _, _ = select.select([process.stdout], [], [], TIMEOUT)
                more = os.read(process.stdout.fileno(), 1 << 16) if ready else b""
                said += more
                if not more:
                    self.close()
                    break
        except BrokenPipeError:
            self.close()
        return said

    def _start(self) -> "subprocess.Popen[bytes]":
        command = ["nix", "--extra-experimental-features", "nix-command", "--store", f"local?root={self.folder}", "repl"]
        written = {f"XDG_{name}_HOME": f"{self.folder}/{name.lower()}" for name in ("CACHE", "CONFIG", "DATA", "STATE")}
        environment = {**os.environ, **written, "HOME": str(self.home), "NIX_PATH": "", "TERM": "dumb"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, cwd=self.folder
        )
        return self.process

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None
