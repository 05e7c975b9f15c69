"""A token server as registries want one (distribution-spec, "Token Authentication"): JWTs, signed with a key of its own.

It knows one name and password, gives anonymous tokens for ``public/*``, and identity tokens too. ``seen`` lists what it was
asked.
"""

import base64
import datetime
import json
import socketserver
import time
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import NameOID

from tests.servers.serving import serving

NAME, PASSWORD, IDENTITY = "ann", "geheim:7", "refresh-me-please"
ISSUER, SERVICE = "tests", "registry of tests"


class TokenServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, str, str]] = []
        self.life = 300
        self.broken: list[int] = []
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
        start = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self._key.public_key())
        builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start.replace(year=2100))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self._certificate = builder.sign(self._key, hashes.SHA256())

    @property
    def realm(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/token"

    def write_certificate(self, path: Path) -> None:
        path.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def token(self, who: str, scopes: list[str]) -> str:
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":")
            allowed = actions.split(",") if who else ["pull"] if name.startswith("public/") else []
            access.append({"type": kind, "name": name, "actions": allowed})
        now = int(time.time())
        head = {
            "typ": "JWT",
            "alg": "ES256",
            "x5c": [base64.b64encode(self._certificate.public_bytes(serialization.Encoding.DER)).decode()],
        }
        claims = {
            "iss": ISSUER,
            "sub": who,
            "aud": SERVICE,
            "exp": now + self.life,
            "nbf": now - 60,
            "iat": now,
            "jti": "1",
            "access": access,
        }
        text = f"{_encode(json.dumps(head).encode())}.{_encode(json.dumps(claims).encode())}"
        r, s = utils.decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{_encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: TokenServer

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        given = self.headers.get("Authorization")
        expected = "Basic " + base64.b64encode(f"{NAME}:{PASSWORD}".encode()).decode()
        who = NAME if given == expected else "" if given is None else None
        self._answer(who, query.get("service", [""])[0], query.get("scope", []))

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        who = NAME if form.get("refresh_token") == [IDENTITY] and form["grant_type"] == ["refresh_token"] else None
        self._answer(who, form.get("service", [""])[0], form.get("scope", [""])[0].split())

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self, who: str | None, service: str, scopes: list[str]) -> None:
        self.server.seen.append((self.command, "?" if who is None else who, " ".join(scopes)))
        if self.server.broken:
            self._send(self.server.broken.pop(0), {"details": "the token server is tired"})
        elif who is None or service != SERVICE:
            self._send(401, {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]})
        else:
            self._send(200, {"token": self.server.token(who, scopes), "expires_in": self.server.life})

    def _send(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def giving_tokens() -> AbstractContextManager[TokenServer]:
    """A token server, running."""
    return serving(TokenServer())
