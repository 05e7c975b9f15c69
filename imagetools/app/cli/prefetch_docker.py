"""``imagetools prefetch docker``: an image of a registry, by the digest that its tag means now (row 1.084)."""

from typing import TYPE_CHECKING, Annotated, Final

from imagetools.app.cli.arguments import ArgumentError
from imagetools.app.cli.declare import Argument, Command, Option
from imagetools.app.cli.image_places import Insecure
from imagetools.app.cli.prefetch_options import FetchingImage, HashOption, run

if TYPE_CHECKING:
    from imagetools.app.compose import Session
    from imagetools.app.fetcher_call import Argument as Value
    from imagetools.image.remote_reference import RemoteReference

ImageName = Annotated[str | None, Option("--image-name", metavar="NAME", help="The same as IMAGE.")]
ImageTag = Annotated[str | None, Option("--image-tag", metavar="TAG", help="The same as TAG (default: latest).")]
ImageDigest = Annotated[str | None, Option("--image-digest", metavar="DIGEST", help="sha256:... instead of a tag.")]
Os = Annotated[str | None, Option("--os", metavar="OS", help="Where there are several: for this system (default: linux).")]
Arch = Annotated[
    str | None, Option("--arch", metavar="ARCH", help="... and this architecture, such as arm64 (default: this machine's).")
]
FinalName = Annotated[
    str | None, Option("--final-image-name", metavar="NAME", help="What it will be called (default: as IMAGE).")
]
FinalTag = Annotated[str | None, Option("--final-image-tag", metavar="TAG", help="... and its tag (default: as TAG).")]


def docker(
    image: Annotated[
        str | None,
        Argument(metavar="IMAGE", help="[HOST[:PORT]/]PATH[:TAG]; without a host it is Docker Hub.", show_default=False),
    ] = None,
    tag: Annotated[str | None, Argument(metavar="[TAG]", help="A tag, or a digest.", show_default=False)] = None,
    *,
    image_name: ImageName = None,
    image_tag: ImageTag = None,
    image_digest: ImageDigest = None,
    os: Os = None,
    arch: Arch = None,
    final_image_name: FinalName = None,
    final_image_tag: FinalTag = None,
    hash: HashOption = None,
    insecure: Insecure = False,
    fetching: FetchingImage,
) -> None:
    """Fetch an image from a registry, as dockerTools.pullImage does, and print the arguments for it.

    A tag is looked up first, so that they name the digest which it means now. The logins are those of `docker login`.

    Examples: imagetools prefetch docker busybox 1.36 | imagetools prefetch docker quay.io/team/app --arch arm64 > app.nix,
    to be used as pullImage (import ./app.nix)
    """
    from imagetools.app.fetcher_call import FetcherCall

    name = _one("the name of the image", image, image_name)
    if name is None:
        raise ArgumentError("prefetch docker needs the name of an image, such as busybox")
    reference = _reference(name, _one("the tag or digest", tag, image_digest, image_tag))
    session = fetching.session()
    plain = _without_tag(name)
    arguments: dict[str, Value] = {
        "imageName": plain,
        "imageDigest": reference.digest or _digest(session, reference, insecure=insecure),
        "finalImageName": final_image_name or plain,
        "finalImageTag": final_image_tag or reference.tag or "latest",
    }
    arguments |= {"os": os} if os else {}
    arguments |= {"arch": arch} if arch else {}
    arguments |= {"tlsVerify": False} if insecure else {}
    run(fetching, hash, FetcherCall("dockerTools.pullImage", arguments), session, only_arguments=True)


def _one(what: str, *given: str | None) -> str | None:
    found = [value for value in given if value is not None]
    if len(found) > 1:
        raise ArgumentError(f"{what} is given twice: '{found[0]}' and '{found[1]}'")
    return found[0] if found else None


def _reference(name: str, selected: str | None) -> "RemoteReference":
    """Raises ImageNameError, ArgumentError."""
    from imagetools.image.remote_reference import RemoteReference

    plain = _without_tag(name)
    own = name.removeprefix("docker://")[len(plain) :]
    if selected is None:
        return RemoteReference.parse(name)
    if own:
        raise ArgumentError(f"the tag or digest is given twice: '{own.lstrip(':@')}' and '{selected}'")
    return RemoteReference.parse(f"{plain}{'@' if ':' in selected else ':'}{selected}")


def _without_tag(name: str) -> str:
    """``quay.io/a/b`` for ``docker://quay.io/a/b:1@sha256:...``."""
    head, slash, last = name.removeprefix("docker://").partition("@")[0].rpartition("/")
    return head + slash + last.partition(":")[0]


def _digest(session: "Session", reference: "RemoteReference", *, insecure: bool) -> str:
    """The digest that a tag means now. Raises RegistryError."""
    from imagetools.app.registries import open_registries

    return open_registries(session.settings, insecure=insecure)(reference).manifest(reference.selector).digest


DECLARED: Final = Command("docker", docker)
