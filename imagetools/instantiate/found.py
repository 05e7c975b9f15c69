"""What instantiating gives: which output of which derivation. By itself, since a record has it without evaluating."""

from collections.abc import Mapping
from typing import Final


class Found:
    """One derivation's output: its ``name``, logical ``drv_path`` and the name of the ``output``. ``outputs``: all that it has
    and their paths, where that is known without the derivation."""

    def __init__(self, name: str, drv_path: str, output: str, outputs: Mapping[str, str] | None = None) -> None:
        self.name: Final = name
        self.drv_path: Final = drv_path
        self.output: Final = output
        self.outputs: Final = outputs
