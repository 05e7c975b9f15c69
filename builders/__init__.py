"""Builders: one folder each, with its Nix function, the Python that does the work, and its page of documentation."""

from imagetools.builtin.api import BuiltinBuilder

from .appimage_tools.extract import AppImageExtract
from .binary_cache.make_cache import BinaryCache
from .docker_tools.docker_image import DockerImage
from .docker_tools.docker_stream import DockerStream
from .fhs_env.fhs_env import FhsEnv
from .fhs_env.fhs_root import FhsRoot
from .oci_tools.oci_bundle import OciBundle
from .oci_tools.oci_image_layout import OciImageLayout
from .trivial.build_env import BuildEnv
from .trivial.symlink_join import SymlinkJoin

BUILTINS: tuple[BuiltinBuilder, ...] = (
    BuildEnv(),
    SymlinkJoin(),
    DockerImage(),
    DockerStream(),
    OciBundle(),
    OciImageLayout(),
    BinaryCache(),
    AppImageExtract(),
    FhsRoot(),
    FhsEnv(),
)
