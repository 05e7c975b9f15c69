"""A small real FTP server on loopback: one file, passive, with REST; it can break connections and refuse logins."""

import socket
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager

from tests.servers.serving import serving


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.files = files
        self.cuts: list[int] = []
        """After how many bytes of the file the next transfers break."""
        self.login: tuple[str, str] | None = None
        self.knows_size = True
        self.commands: list[str] = []

    def url(self, path: str, userinfo: str = "") -> str:
        return f"ftp://{userinfo}127.0.0.1:{self.server_address[1]}{path}"


class Session(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        self.say("220 ready")
        rest = 0
        user = ""
        passive: socket.socket | None = None
        while line := self.rfile.readline().decode("latin-1").strip():
            self.server.commands.append(line)
            command, _, argument = line.partition(" ")
            data = self.server.files.get(argument)
            if command == "USER":
                user = argument
                self.say("331 password?")
            elif command == "PASS":
                fine = self.server.login in {None, (user, argument)}
                self.say("230 in" if fine else f"530 not with {argument}")
            elif command == "SIZE":
                self.say(f"213 {len(data)}" if data is not None and self.server.knows_size else "550 no")
            elif command in {"EPSV", "PASV"}:
                passive = socket.create_server(("127.0.0.1", 0))
                port = passive.getsockname()[1]
                self.say(f"229 (|||{port}|)" if command == "EPSV" else f"227 (127,0,0,1,{port >> 8},{port & 255})")
            elif command == "REST":
                rest = int(argument)
                self.say("350 so be it")
            elif command == "RETR" and (data is None or passive is None):
                self.say("550 no such file")
            elif command == "RETR" and data is not None and passive is not None:
                self.say("150 here it comes")
                self.send(passive, data, rest)
                rest = 0
            else:
                self.say("221 bye" if command == "QUIT" else "200 fine")

    def send(self, passive: socket.socket, data: bytes, rest: int) -> None:
        cut = self.server.cuts.pop(0) if self.server.cuts else len(data)
        with passive, passive.accept()[0] as connection:
            connection.sendall(data[rest:cut])
        self.say("226 done" if cut >= len(data) else "426 broken")

    def say(self, text: str) -> None:
        self.wfile.write(text.encode("latin-1") + b"\r\n")


@contextmanager
def running(files: dict[str, bytes]) -> Iterator[Server]:
    with serving(Server(files)) as server:
        yield server
