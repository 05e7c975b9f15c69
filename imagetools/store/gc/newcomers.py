"""Temporary roots that come while a collection runs: the other end of ``temp_roots``, on a socket (row 8.026).

Nix's protocol: a client sends full store paths, a line each, and may go on once it has got a ``1`` for it. It gets it at once
for what is not about to be deleted, and for the rest when the deleting of it is over; so whoever has the answer can look whether
the path is valid and rely on what it sees.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

from imagetools.store.disk import writing
from imagetools.store.layout import Layout
from imagetools.store.temp_roots import short_name

_LONGEST = 1 << 16


class Newcomers:
    """Listens as long as it is open. ``expand`` gives the base names of a path's closure (of the path alone, where it is not
    valid)."""

    def __init__(self, layout: Layout, expand: Callable[[str], Iterable[str]]) -> None:
        self._layout = layout
        self._expand = expand
        self._change = threading.Condition()
        self._kept: set[str] = set()
        self._going: frozenset[str] = frozenset()
        self._clients: set[socket.socket] = set()
        self._open = False
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)

    def __enter__(self) -> "Newcomers":
        path = self._layout.gc_socket
        with writing(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with suppress(FileNotFoundError):
                os.unlink(path)
            with short_name(path) as name:
                self._listener.bind(name)
        self._listener.listen(64)
        self._open = True
        threading.Thread(target=self._accept, name="gc-roots", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._change:
            self._open = False
            for one in (*self._clients, self._listener):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            self._change.notify_all()
        self._listener.close()
        with suppress(OSError):
            os.unlink(self._layout.gc_socket)

    def claim(self, names: Iterable[str]) -> list[str]:
        """Those of ``names`` that nobody wants: they are about to go, until ``done``."""
        with self._change:
            free = [name for name in names if name not in self._kept]
            self._going = frozenset(free)
            return free

    def done(self) -> None:
        """What was claimed is gone, or will not go."""
        with self._change:
            self._going = frozenset()
            self._change.notify_all()

    def is_kept(self, name: str) -> bool:
        """Whether somebody wants this one, or what it belongs to."""
        with self._change:
            return name in self._kept

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._change:
                if not self._open:
                    client.close()
                    return
                self._clients.add(client)
            threading.Thread(target=self._serve, args=(client,), name="gc-root", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        waiting = b""
        try:
            while piece := client.recv(_LONGEST):
                *lines, waiting = (waiting + piece).split(b"\n")
                if len(waiting) > _LONGEST:
                    return
                for line in lines:
                    if not self._keep(os.fsdecode(line).rpartition("/")[2]):
                        return
                    client.sendall(b"1")
        except OSError:
            return
        finally:
            with self._change:
                self._clients.discard(client)
            client.close()

    def _keep(self, name: str) -> bool:
        """Protect; then wait until it is not being deleted any more. False where the collection is over."""
        with self._change:
            self._kept.update(self._expand(name))
            while self._open and name in self._going:
                self._change.wait()
            return self._open
