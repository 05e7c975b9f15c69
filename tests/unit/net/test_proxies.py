import pytest

from imagetools.net.proxies import Proxies

ENV = {
    "http_proxy": "proxy:3128",
    "https_proxy": "http://tls-proxy:1",
    "no_proxy": "localhost, .internal,example.org:8080 10.0.0.0/8",
}


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://a.test/", "http://proxy:3128"),
        ("https://a.test/", "http://tls-proxy:1"),
        ("http://localhost/", None),
        ("http://localhost:8080/", None),
        ("http://notlocalhost/", "http://proxy:3128"),
        ("https://x.internal/", None),
        ("https://internal/", None),
        ("http://example.org:8080/", None),
        ("http://www.example.org:8080/", None),
        ("http://example.org:80/", "http://proxy:3128"),
        ("http://10.1.2.3/", None),
        ("http://11.1.2.3/", "http://proxy:3128"),
        ("http://LOCALHOST/", None),
    ],
)
def test_the_usual_variables(url: str, proxy: str | None) -> None:
    assert Proxies.from_env(ENV).for_url(url) == proxy


def test_all_proxy_and_star() -> None:
    assert Proxies.from_env({"ALL_PROXY": "http://p:1"}).for_url("https://x/") == "http://p:1"
    assert Proxies.from_env({"all_proxy": "http://p:1", "NO_PROXY": "*"}).for_url("https://x/") is None
    assert Proxies.from_env({"http_proxy": ""}).for_url("http://x/") is None


def test_upper_case_http_proxy_is_not_trusted() -> None:
    assert Proxies.from_env({"HTTP_PROXY": "http://p:1"}).for_url("http://x/") is None


def test_addresses_of_version_six() -> None:
    assert Proxies.from_env({"http_proxy": "http://p:1", "no_proxy": "::1,[fe80::1]"}).for_url("http://[::1]:80/") is None
