"""dockerTools: container images from store paths. See docker_tools.md."""
