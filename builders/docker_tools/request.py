"""The attributes of a ``builtin:docker-image`` or ``builtin:docker-stream`` derivation as typed values, checked once.

arguments.nix writes them.
"""

import json
from dataclasses import dataclass
from typing import Final

from imagetools.builtin.api import BuiltinContext, BuiltinError, MissingAttributeError
from imagetools.image.container_config import ContainerConfig
from imagetools.image.reference import Reference
from imagetools.image.times import Moment
from imagetools.image_io.stamp import Stamp
from imagetools.kernel.bytestr import to_bytes

#: Raise this, and the one in arguments.nix, whenever the bytes of any image change.
BUILDER_VERSION: Final = 2

_HASH_LENGTH: Final = 32


class AttributeValueError(BuiltinError):
    """An attribute of the derivation has a value that cannot be used; ``reason`` says why."""

    def __init__(self, builder: str, attribute: str, reason: str) -> None:
        super().__init__(f"builtin:{builder}: the attribute '{attribute}' {reason}")
        self.attribute = attribute


@dataclass(frozen=True, slots=True)
class Commands:
    """``extraCommands`` (``text``), and what runs them: bash, a script that sets it up, the folders of programs. Bytestrs.

    ``run_as_root`` and ``fake_root`` (fakeRootCommands, in the image's root where ``chroot``) run as root; ``unneeded``:
    arguments that mean nothing here.
    """

    text: str
    shell: str
    script: str
    path: str
    run_as_root: str = ""
    fake_root: str = ""
    chroot: bool = False
    unneeded: str = ""

    @property
    def as_root(self) -> bool:
        return bool(self.run_as_root or self.fake_root)

    @property
    def texts(self) -> tuple[str, ...]:
        """All of them, with their names."""
        named = (("runAsRoot", self.run_as_root), ("extraCommands", self.text), ("fakeRootCommands", self.fake_root))
        return tuple(text for pair in named if pair[1] for text in pair) + (("enableFakechroot",) if self.chroot else ())


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """What to build. ``contents`` are logical paths; ``config_text`` is the config's JSON as the derivation has it."""

    layout: str
    reference: Reference
    contents: tuple[str, ...]
    config: ContainerConfig
    config_text: str
    architecture: str
    created: str
    stamp: Stamp
    max_layers: int
    keep_links: bool
    store_paths: bool
    compressor: str
    commands: Commands | None
    #: JSON: steps, or the path of a file with them; empty: as popular as the paths are.
    pipeline: str = ""
    debug: bool = False
    nix_db: bool = False

    @staticmethod
    def read(ctx: BuiltinContext, now: int) -> "ImageRequest":
        """Raises BuiltinError, ImageNameError, ContainerConfigError, TimeFormatError. ``now``: seconds since 1970."""
        attributes = Attributes(ctx)
        attributes.check_version(BUILDER_VERSION)
        tag = attributes.text("imageTag") or ctx.logical_outputs["out"].rpartition("/")[2][:_HASH_LENGTH]
        stamp = Stamp(
            _moment(attributes.text("mtime"), "mtime", now).seconds,
            attributes.number("uid"),
            attributes.number("gid"),
            attributes.text("uname"),
            attributes.text("gname"),
        )
        return ImageRequest(
            layout=attributes.choice("layout", "single", "layered"),
            reference=Reference(attributes.text("imageName"), tag),
            contents=attributes.strings("contents"),
            config=ContainerConfig.of_definition(to_bytes(attributes.text("config"))),
            config_text=attributes.text("config"),
            architecture=attributes.word("architecture", "Go's name of a processor, such as amd64 or arm64"),
            created=str(_moment(attributes.text("created"), "created", now)),
            stamp=stamp,
            max_layers=attributes.number("maxLayers"),
            keep_links=attributes.flag("keepContentsDirlinks"),
            store_paths=attributes.flag("includeStorePaths"),
            compressor=attributes.choice("compressor", "none", "gz", "zstd"),
            commands=attributes.commands(),
            pipeline=attributes.optional("layeringPipeline"),
            debug=attributes.optional("debug") == "1",
            nix_db=attributes.optional("includeNixDB") == "1",
        )

    @property
    def commands_identity(self) -> tuple[str, ...]:
        """What the commands add to the identity of the layer that they change."""
        return () if self.commands is None else self.commands.texts


class Attributes:
    """The derivation's environment, read with one kind of error."""

    def __init__(self, ctx: BuiltinContext) -> None:
        self._env = ctx.env
        self._builder = ctx.name

    def text(self, name: str) -> str:
        value = self._env.get(name)
        if value is None:
            raise MissingAttributeError(self._builder, name)
        return value

    def check_version(self, built: int) -> None:
        """Raise AttributeValueError unless ``builderVersion`` is the one that is ``built`` here."""
        version = self.number("builderVersion")
        if version != built:
            raise self.wrong("builderVersion", f"is {version}, but this imagetools builds version {built}")

    def optional(self, name: str) -> str:
        """Empty where there is none."""
        return self._env.get(name, "")

    def wrong(self, name: str, reason: str) -> AttributeValueError:
        return AttributeValueError(self._builder, name, reason)

    def commands(self) -> Commands | None:
        """None where there is nothing to run; such a derivation has no shell either."""
        extra, run_as_root, fake_root = (self.optional(name) for name in ("extraCommands", "runAsRoot", "fakeRootCommands"))
        if not (extra or run_as_root or fake_root):
            return None
        return Commands(
            extra,
            self.text("shell"),
            self.text("script"),
            self.text("PATH"),
            run_as_root,
            fake_root,
            self.optional("enableFakechroot") == "1",
            self.optional("unneeded"),
        )

    def number(self, name: str) -> int:
        value = self.text(name)
        if not value.isdigit() or not value.isascii():
            raise self.wrong(name, f"must be a whole number of at least 0, not '{value}'")
        return int(value)

    def flag(self, name: str) -> bool:
        return self.text(name) == "1"

    def choice(self, name: str, *allowed: str) -> str:
        value = self.text(name)
        if value not in allowed:
            raise self.wrong(name, f"must be one of {', '.join(allowed)}, not '{value}'")
        return value

    def word(self, name: str, meaning: str) -> str:
        """Lower-case letters and digits."""
        value = self.text(name)
        if not value.isascii() or not value.isalnum() or value != value.lower():
            raise self.wrong(name, f"must be {meaning}, not '{value}'")
        return value

    def json(self, name: str) -> object:
        """A value that the derivation has as JSON; its strings are real text."""
        try:
            value: object = json.loads(to_bytes(self.text(name)).decode("utf-8"))
        except UnicodeDecodeError:
            raise self.wrong(name, "must be UTF-8") from None
        except ValueError:
            raise self.wrong(name, "must be JSON") from None
        return value

    def strings(self, name: str) -> tuple[str, ...]:
        """A JSON list of strings, back as bytestrs."""
        try:
            value = json.loads(self.text(name))
        except ValueError:
            value = None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(name, "must be a list of strings as JSON")
        return tuple(value)


def _moment(text: str, argument: str, now: int) -> Moment:
    return Moment(now) if text == "now" else Moment.parse(text, argument)
