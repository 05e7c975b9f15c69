"""Builders: one folder each, with its Nix function, the Python that does the work, and its page of documentation."""

from imagetools.builtin.table import BuiltinTable

BUILTINS = BuiltinTable(
    __name__,
    {
        "buildenv": ".trivial.build_env:BuildEnv",
        "symlinkjoin": ".trivial.symlink_join:SymlinkJoin",
        "docker-export": ".docker_tools.export_image:DockerExport",
        "docker-image": ".docker_tools.docker_image:DockerImage",
        "docker-merge": ".docker_tools.merge_images:DockerMerge",
        "docker-pull": ".docker_tools.pull_image:DockerPull",
        "docker-stream": ".docker_tools.docker_stream:DockerStream",
        "oci-bundle": ".oci_tools.oci_bundle:OciBundle",
        "oci-layout": ".oci_tools.oci_image_layout:OciImageLayout",
        "binary-cache": ".binary_cache.make_cache:BinaryCache",
        "appimage-extract": ".appimage_tools.extract:AppImageExtract",
        "fhs-root": ".fhs_env.fhs_root:FhsRoot",
        "fhs-env": ".fhs_env.fhs_env:FhsEnv",
    },
)
