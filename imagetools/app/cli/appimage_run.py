"""``imagetools appimage run``: an AppImage's program in an environment with the folders of an ordinary Linux (row 2.083)."""

import os
import re
import stat
import sys
from typing import Annotated, ClassVar, Final

from imagetools.app.cli.arguments import Include
from imagetools.app.cli.building import Cores, Jobs, Unrecorded
from imagetools.app.cli.declare import Argument, Command, Option
from imagetools.kernel.errors import ImagetoolsError


class Trusted(Unrecorded, without=("pure_eval", "restrict_eval", "import_from_derivation")):
    """Of an evaluation of our own."""


class NoImageError(ImagetoolsError):
    """There is no file to run."""

    exit_code: ClassVar[int] = 127

    def __init__(self, path: str, what: str) -> None:
        super().__init__(f"'{path}' {what}")
        self.path = path


def run_image(
    file: Annotated[str, Argument(metavar="FILE", help="The AppImage, of type 1 or 2; it need not be executable.")],
    arguments: Annotated[list[str] | None, Argument(metavar="[ARGS]...", help="Handed to the program.")] = None,
    *,
    include: Include = None,
    no_sandbox: Annotated[bool, Option("--no-sandbox", help="Extract and wrap without isolation.")] = False,
    jobs: Jobs = None,
    cores: Cores = None,
    evaluation: Trusted,
) -> None:
    """Run an AppImage.

    Its files are extracted into the store, and its AppRun starts with the folders of an ordinary Linux (/usr, /lib, /lib64
    ...) made of the packages that appimageTools gives by default; everything else is this machine's. What the file itself
    holds to run is never run. Environment, working folder, terminal, signals and exit code are the program's own.

    APPIMAGE_DEBUG_EXEC=bash in the environment starts a shell there instead. As an ordinary user this needs user
    namespaces. Packages come from the embedded package set, whatever NIX_PATH says, unless -I nixpkgs=PATH is given.
    """
    from imagetools.app.cli.expressions import values
    from imagetools.app.compose import Session, close_stores
    from imagetools.app.results import Result
    from imagetools.app.settings import PACKAGE
    from imagetools.instantiate.find import NoDerivationError

    place = image_file(file)
    check(place)
    settings = evaluation.settings(include).changed(
        sandbox=False if no_sandbox else None,
        cores=cores,
        max_jobs=jobs,
    )
    session = Session(settings)
    name = plain_name(place)
    packages = [("pkgs", "import <nixpkgs> { }")] if any(entry.startswith("nixpkgs=") for entry in include or ()) else []

    def work() -> Result:
        expression = f"{PACKAGE}/pkgs/appimage_run.nix"
        (value,) = values(session, [expression], False, None, packages, [("file", place), ("name", name)])
        found = session.find(value)
        if len(found) != 1:
            raise NoDerivationError
        session.flush()
        return session.result(found[0])

    result = session.run(work)
    session.realise([result])
    script = f"{session.store.real_path(result.path)}/bin/{name}"
    environment = {**settings.environment, "APPIMAGE": place, "ARGV0": file, "OWD": os.getcwd()}
    environment["IMAGETOOLS_FHS_ENV"] = result.output_path  # keeps it from being collected, from now on
    close_stores()
    os.execve(sys.executable, [sys.executable, "-I", "-S", script, *(arguments or ())], environment)


def image_file(text: str) -> str:
    """The full path of the file. Raises NoImageError."""
    try:
        mode = os.stat(text).st_mode
    except OSError as error:
        raise NoImageError(text, f"cannot be run: {error.strerror}") from None
    if not stat.S_ISREG(mode):
        raise NoImageError(text, "is not a file")
    return os.path.realpath(text)


def check(place: str) -> None:
    """What is no AppImage is refused before anything is fetched or built. Raises NoImageError, ArchiveError."""
    from imagetools.archive.appimage import AppImage
    from imagetools.bundled.builders.appimage_tools.image_file import ImageFile

    try:
        source = ImageFile(place)
    except OSError as error:
        raise NoImageError(place, f"cannot be read: {error.strerror}") from None
    with source:
        AppImage(source)


def plain_name(path: str) -> str:
    """A name for store objects and the program, from the name of the file."""
    stem = re.sub(r"(?i)\.appimage$", "", os.path.basename(path))
    return re.sub(r"[^A-Za-z0-9+_.-]+", "-", stem).strip("-.")[:120] or "appimage"


DECLARED: Final = Command("run", run_image, passes_on=True)
