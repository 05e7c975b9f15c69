import base64
import json
from pathlib import Path

from imagetools.app.registries import auth_files, registry_login, registry_logins
from imagetools.app.settings import read_settings
from imagetools.net.registry.access import RegistryLogin, read_login


def test_where_logins_lie() -> None:
    assert auth_files("/home/ann", {}, 7) == [
        "/run/containers/7/auth.json",
        "/home/ann/.config/containers/auth.json",
        "/home/ann/.docker/config.json",
    ]
    everything = {"REGISTRY_AUTH_FILE": "/a", "XDG_RUNTIME_DIR": "/r", "XDG_CONFIG_HOME": "/c", "DOCKER_CONFIG": "/d"}
    assert auth_files("/home/ann", everything, 7) == ["/a", "/c/containers/auth.json", "/d/config.json"]
    del everything["REGISTRY_AUTH_FILE"]
    assert auth_files("/home/ann", everything, 7)[0] == "/r/containers/auth.json"


def test_logins_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    auth = {"auth": base64.b64encode("änn:1".encode()).decode()}
    (tmp_path / "docker/config.json").write_text(json.dumps({"auths": {"x.org": auth}}))
    (tmp_path / "netrc").write_text("machine y.org login n password 2")
    environment = {
        "HOME": str(tmp_path),
        "DOCKER_CONFIG": str(tmp_path / "docker"),
        "NETRC": str(tmp_path / "netrc"),
        "XDG_RUNTIME_DIR": str(tmp_path),
    }
    settings = read_settings(environment)
    assert registry_logins(settings).find("x.org", "a") == RegistryLogin("änn", "1")
    find = registry_login(settings)
    found = find("y.org", "a")
    assert found is not None
    assert read_login(found) == RegistryLogin("n", "2")
    assert find("z.org", "a") is None
