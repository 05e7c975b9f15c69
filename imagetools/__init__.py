"""imagetools: container images and software artifacts from definitions in the Nix language, without Nix or Docker."""

from typing import Final

__version__: Final = "0.1.0"
