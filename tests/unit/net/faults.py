"""Answers of a server that misbehaves, beyond those of ``server``: resets, stalls, garbage, lies."""

import socket
import struct
import threading
from collections.abc import Callable

from tests.unit.net.server import Answer, Handler


def reset(handler: Handler) -> None:
    """Ends the connection with a reset instead of an end."""
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def _part(body: bytes, after: int, then: Callable[[Handler], None], headers: dict[str, str]) -> Answer:
    """Promises the rest of ``body`` (from where a Range header wants it), sends it up to byte ``after``, then something else."""

    def answer(handler: Handler) -> None:
        wanted = handler.headers.get("Range")
        first = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and headers.get("Accept_Ranges") else 0
        handler.send_response(206 if first else 200)
        handler.send_header("Content-Length", str(len(body) - first))
        if first:
            handler.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
        for key, value in headers.items():
            handler.send_header(key.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body[first:after])
        then(handler)

    return answer


def reset_after(body: bytes, after: int, **headers: str) -> Answer:
    return _part(body, after, reset, headers)


def stall_after(body: bytes, after: int, **headers: str) -> Answer:
    """Sends nothing more until the client has gone."""

    def wait(handler: Handler) -> None:
        handler.wfile.flush()
        handler.rfile.read()
        handler.close_connection = True

    return _part(body, after, wait, headers)


def trickle(body: bytes, pieces: int, pause: float) -> Answer:
    """The body in small pieces with pauses between; it ends early where the client goes."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        size = -(-len(body) // pieces)
        gone = threading.Event()
        try:
            for start in range(0, len(body), size):
                handler.wfile.write(body[start : start + size])
                gone.wait(pause)
        except OSError:
            handler.close_connection = True

    return answer


def raw(data: bytes) -> Answer:
    """These bytes instead of an answer, then the end."""

    def answer(handler: Handler) -> None:
        handler.wfile.write(data)
        handler.close_connection = True

    return answer


def refuse_tunnel(code: int) -> Answer:
    """What a proxy says to CONNECT."""

    def answer(handler: Handler) -> None:
        handler.send_response(code)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer
