"""Coming in: basic, tokens, identity tokens; what a password is never sent to."""

from collections.abc import Iterator

import pytest

from imagetools.image.remote_reference import RemoteReference
from imagetools.net.registry.access import RegistryLogin
from imagetools.net.registry.authority import Authority
from imagetools.net.registry.challenge import Challenge
from imagetools.net.registry.exchange import Exchange
from imagetools.net.registry.failures import RegistryError, TransientRegistryError
from imagetools.net.registry.registry import Registry
from tests.servers.fault_proxy import FaultProxy, status
from tests.servers.images import add_image, layer_tar, make_image
from tests.servers.registry import Registry as Server
from tests.servers.token_server import IDENTITY, NAME, PASSWORD, SERVICE, TokenServer, giving_tokens
from tests.unit.net.registry.reaching import Patience, access_to, message, registry_at

IMAGE = make_image([layer_tar({"a": b"1"})])
GOOD, WRONG = RegistryLogin(NAME, PASSWORD), RegistryLogin(NAME, "falsch-es")


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with giving_tokens() as made:
        yield made


@pytest.fixture
def closed(small: Server, proxy: FaultProxy, tokens: TokenServer) -> FaultProxy:
    """Wants a token for everything (any will do)."""
    add_image(small, "team/app", IMAGE)
    challenge = f'Bearer realm="{tokens.realm}",service="{SERVICE}"'
    small.auth = "token"
    proxy.add(status(401, WWW_Authenticate=challenge), path="/v2/$", times=-1)
    small.tokens = _AnyToken()
    return proxy


class _AnyToken(set[str]):
    def __contains__(self, token: object, /) -> bool:
        return isinstance(token, str) and token.count(".") == 2


def pull(registry: Registry) -> str:
    return registry.manifest(RemoteReference.parse(f"{registry.registry}/team/app")).digest


def at(proxy: FaultProxy, login: RegistryLogin | None, patience: Patience | None = None) -> Registry:
    return registry_at(proxy.address, patience, find_login=lambda *place: login)


def test_without_a_login_the_token_is_anybodys(closed: FaultProxy, tokens: TokenServer) -> None:
    assert pull(at(closed, None)) == IMAGE.digest
    assert tokens.seen == [("GET", "", "repository:team/app:pull")]


def test_a_token_is_asked_for_once(closed: FaultProxy, tokens: TokenServer) -> None:
    registry = at(closed, GOOD)
    for _ in range(3):
        assert pull(registry) == IMAGE.digest
    assert tokens.seen == [("GET", NAME, "repository:team/app:pull")]
    assert len(closed.requests(path="/v2/$")) == 1


def test_an_identity_token_goes_to_the_token_server(closed: FaultProxy, tokens: TokenServer) -> None:
    assert pull(at(closed, RegistryLogin(identity_token=IDENTITY))) == IMAGE.digest
    assert tokens.seen == [("POST", NAME, "repository:team/app:pull")]
    assert not [seen for seen in closed.seen if IDENTITY in str(seen.headers)]


def test_a_token_for_the_registry_itself(closed: FaultProxy, tokens: TokenServer) -> None:
    assert pull(at(closed, RegistryLogin(registry_token="a.b.c"))) == IMAGE.digest
    assert closed.requests(path="/manifests/")[0].headers["authorization"] == "Bearer a.b.c"
    assert not tokens.seen


def test_an_expired_token_is_renewed(closed: FaultProxy, tokens: TokenServer) -> None:
    registry = at(closed, GOOD)
    pull(registry)
    closed.add(status(401, WWW_Authenticate=f'Bearer realm="{tokens.realm}",service="{SERVICE}"'), path="/manifests/")
    assert pull(registry) == IMAGE.digest
    assert len(tokens.seen) == 2


def test_a_token_is_renewed_before_it_expires(tokens: TokenServer) -> None:
    tokens.life = 100
    now = [0.0]
    challenge = Challenge("bearer", {"realm": tokens.realm, "service": SERVICE})
    exchange = Exchange("x.org", access_to(), verify=False)
    authority = Authority(exchange, lambda repository: GOOD, [challenge], clock=lambda: now[0])
    for now[0], asked in ((0.0, 1), (89.0, 1), (91.0, 2), (92.0, 2)):
        authority.header("a", ("repository:a:pull",))
        assert len(tokens.seen) == asked


def test_a_wrong_password(closed: FaultProxy, tokens: TokenServer) -> None:
    assert message(lambda: pull(at(closed, WRONG)), RegistryError, closed.address) == (
        "cannot log in at 'HOST': HTTP 401 Unauthorized (authentication required)\n"
        "hint: the name and the password that are known for it (docker's config.json, netrc) do not open this"
    )
    assert len(tokens.seen) == 1


def test_a_tired_token_server(closed: FaultProxy, tokens: TokenServer) -> None:
    tokens.broken = [503, 503]
    patience = Patience()
    assert pull(at(closed, GOOD, patience)) == IMAGE.digest
    assert len(patience.waits) == 2
    tokens.broken = [503] * 9
    with pytest.raises(
        TransientRegistryError, match=r"cannot log in at .*: HTTP 503 Service Unavailable \(the token server is tired\)"
    ):
        pull(at(closed, GOOD, patience))


def test_basic(small: Server, proxy: FaultProxy) -> None:
    add_image(small, "team/app", IMAGE)
    small.auth = "basic"
    small.login = (NAME, PASSWORD)
    assert pull(at(proxy, GOOD)) == IMAGE.digest
    assert message(lambda: pull(at(proxy, WRONG)), RegistryError, proxy.address) == (
        "cannot fetch the manifest of 'HOST/team/app:latest': HTTP 401 Unauthorized (authentication required)\n"
        "hint: the name and the password that are known for it (docker's config.json, netrc) do not open this"
    )
    assert message(lambda: pull(at(proxy, None)), RegistryError, proxy.address) == (
        "cannot fetch the manifest of 'HOST/team/app:latest': HTTP 401 Unauthorized (authentication required)\n"
        "hint: `docker login HOST` keeps a name and a password for it; ~/.docker/config.json and netrc files are read"
    )


@pytest.mark.parametrize(
    ("challenge", "reason"),
    [
        ("Bearer", "cannot log in at 'HOST': the registry names no token server"),
        ('Bearer realm="/token"', "cannot log in at 'HOST': the registry names no token server"),
        ('Bearer realm="file:///etc/passwd"', "cannot log in at 'HOST': the registry names no token server"),
        (
            'Bearer realm="http://HOST/v2/team/app/manifests/latest"',
            "cannot log in at 'HOST': the token server 'http://HOST/v2/team/app/manifests/latest' gives no token",
        ),
        ('Bearer realm="http://HOST/nowhere"', "cannot log in at 'HOST': HTTP 404 Not Found (name unknown)"),
    ],
)
def test_strange_token_servers(small: Server, proxy: FaultProxy, challenge: str, reason: str) -> None:
    add_image(small, "team/app", IMAGE)
    proxy.add(status(401, WWW_Authenticate=challenge.replace("HOST", proxy.address)), path="/v2/$", times=-1)
    with pytest.raises(RegistryError) as caught:
        pull(at(proxy, GOOD))
    assert caught.value.message.replace(proxy.address, "HOST") == reason


def test_no_password_goes_from_tls_to_a_token_server_without(tokens: TokenServer) -> None:
    """Only who allows plain http at all sends a password over it."""
    exchange = Exchange("x.org", access_to(), verify=True)
    authority = Authority(exchange, lambda repository: GOOD, [Challenge("bearer", {"realm": tokens.realm})])
    with pytest.raises(RegistryError, match=r"its token server '.*' has no TLS: no password is sent there"):
        authority.header("a", ("repository:a:pull",))
    assert not tokens.seen
