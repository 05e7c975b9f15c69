"""Surroundings that are wrong: the store, the caches, the engine, variables and options."""

from collections.abc import Mapping

from tests.golden.bad_input.case import Case, Link

DERIVATION = 'derivation { name = "x"; system = "x86_64-linux"; builder = "/bin/sh"; }'
DATABASE = "home/.local/share/imagetools/nix/var/nix/db"
EMPTY_TAR = bytes(1024)
CASES: Mapping[str, Case] = {
    "no engine to load into": Case(["load", "image.tar"], {"image.tar": EMPTY_TAR}, {"DOCKER_HOST": "unix:///work/docker.sock"}),
    "no engine at an address": Case(["load", "image.tar"], {"image.tar": EMPTY_TAR}, {"DOCKER_HOST": "tcp://127.0.0.1:9"}),
    "no image to load": Case(["load"], {}, {"DOCKER_HOST": "unix:///work/docker.sock"}),
    "a corrupt database": Case(
        ["instantiate", "-E", DERIVATION], {DATABASE + "/schema": "10", DATABASE + "/db.sqlite": b"rubbish " * 1000}
    ),
    "a database of another time": Case(["build", "-E", DERIVATION], {DATABASE + "/schema": "11", DATABASE + "/db.sqlite": ""}),
    "a store below a file": Case(["build", "--store", "/work/file/store", "-E", DERIVATION], {"file": ""}),
    "a store in a loop of links": Case(["build", "--store", "/work/loop", "-E", DERIVATION], {"loop": Link("loop")}),
    "a store where nothing can be made": Case(["build", "--store", "/proc/store", "-E", DERIVATION]),
    "a cache below a file": Case(
        ["eval", "x.nix"], {"x.nix": 'throw "still evaluated"', "file": ""}, {"IMAGETOOLS_CACHE": "/work/file/x"}
    ),
    "a log that there is not": Case(["log", "/nix/store/00000000000000000000000000000000-x.drv"]),
    "a log of what is no store path": Case(["log", "result"]),
    "a variable that makes no sense": Case(["eval", "-E", "1"], {}, {"IMAGETOOLS_JOBS": "many"}),
    "an option without its value": Case(["eval", "--arg", "n"]),
    "a setting without its value": Case(["eval", "-E", "1", "--option", "cores"]),
    "settings that make no sense": Case(
        ["instantiate", "-E", DERIVATION, "--option", "cores", "many", "--option", "no-such", "1", "--option", "http2", "true"]
    ),
    # -- rights
    "a file that may not be read": Case(["eval", "x.nix"], {"x.nix": "1"}, modes={"x.nix": 0}),
    "an import that may not be read": Case(
        ["eval", "x.nix"], {"x.nix": "import ./lib", "lib/default.nix": "1"}, modes={"lib": 0}
    ),
    "a source with a file that may not be read": Case(
        ["build", "-E", 'derivation { name = "x"; system = "s"; builder = "b"; src = ./source; }'],
        {"source/deep/key": "secret"},
        modes={"source/deep/key": 0},
    ),
    "a cache that may not be written": Case(
        ["eval", "x.nix"],
        {"x.nix": 'throw "still evaluated"', "cache/x": ""},
        {"IMAGETOOLS_CACHE": "/work/cache"},
        {"cache": 0o555},
    ),
    "a store that may not be written": Case(
        ["instantiate", "--store", "/work/store", "-E", DERIVATION], {"store/x": ""}, modes={"store": 0o555}
    ),
    "a store that may not be seen": Case(
        ["build", "--store", "/work/store/mine", "-E", DERIVATION], {"store/mine/x": ""}, modes={"store": 0}
    ),
    "an image that may not be read": Case(
        ["load", "image.tar"], {"image.tar": ""}, {"DOCKER_HOST": "unix:///work/docker.sock"}, {"image.tar": 0}
    ),
}
