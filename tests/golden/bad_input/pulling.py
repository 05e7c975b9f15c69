"""Images of registries that are asked for wrongly, and logins that cannot be read."""

from collections.abc import Mapping

from tests.golden.bad_input.case import Case

DIGEST = "sha256:" + "0" * 64
CONFIG = "home/.docker/config.json"


def pull(**arguments: str) -> Case:
    given = {"imageName": '"busybox"', "imageDigest": f'"{DIGEST}"', "sha256": '""', **arguments}
    text = " ".join(f"{name} = {value};" for name, value in given.items() if value)
    return Case(["eval", "-E", f"(with import <nixpkgs> {{ }}; dockerTools.pullImage {{ {text} }}).drvPath"])


CASES: Mapping[str, Case] = {
    "an image pulled by its tag": pull(imageName='"busybox:1.36"'),
    "an image pulled with its digest in the name": pull(imageName=f'"busybox@{DIGEST}"'),
    "an image pulled by half a digest": pull(imageDigest='"sha256:00"'),
    "an image pulled without a digest": pull(imageDigest=""),
    "an image pulled with two hashes": pull(hash='"sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="', sha256=f'"{"0" * 64}"'),
    "an image pulled with a number as its name": pull(imageName="7"),
    "an image pulled with a list as its tag": pull(finalImageTag="[ ]"),
    "an image pulled with an unknown argument": pull(tag='"1"'),
    "an image prefetched without a name": Case(["prefetch", "docker"]),
    "an image prefetched by a wrong name": Case(["prefetch", "docker", "Busy Box"]),
    "an image prefetched by half a digest": Case(["prefetch", "docker", "busybox", "sha256:00"]),
    "an image prefetched with two tags": Case(["prefetch", "docker", "busybox:1", "2"]),
    "an image of a registry where none is": Case(
        ["prefetch", "docker", "127.0.0.1:9/a", "--insecure", "--option", "download-attempts", "1"]
    ),
}
