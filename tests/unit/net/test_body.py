"""Which connections a body is read from directly: never one that carries another TLS."""

import socket
import ssl
from typing import Any

import httpx
import pytest

from imagetools.net.body import Body


class Stream:
    def __init__(self, **facts: Any) -> None:
        self._facts = facts

    def get_extra_info(self, name: str) -> Any:
        return self._facts.get(name)


def connection(extensions: dict[str, Any]) -> socket.socket | None:
    return Body(httpx.Response(200, extensions=extensions), 1.0, None)._connection()


@pytest.fixture
def plain() -> socket.socket:
    return socket.socket()


def test_plain_and_secured(plain: socket.socket) -> None:
    assert connection({"network_stream": Stream(socket=plain)}) is plain
    secured = ssl.create_default_context().wrap_socket(plain, server_hostname="h", do_handshake_on_connect=False)
    assert connection({"network_stream": Stream(socket=secured, ssl_object=secured)}) is secured
    assert connection({"network_stream": Stream(socket=secured, ssl_object=object())}) is None
    assert connection({"network_stream": Stream()}) is None
    assert connection({}) is None
    secured.close()
    plain.close()
