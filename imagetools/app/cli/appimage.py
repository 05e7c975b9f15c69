"""``imagetools appimage``: what can be done with AppImages."""

import typer

from imagetools.app.cli import appimage_inspect, appimage_run


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    app.add_typer(group, name="appimage")

    @group.callback()
    def appimage() -> None:
        """Look into AppImages, and run them."""

    appimage_inspect.register(group)
    appimage_run.register(group)
