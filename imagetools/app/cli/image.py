"""``imagetools image``: look into images, check them, carry them from one medium to another."""

import typer

from imagetools.app.cli import image_copy, image_inspect, image_validate


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Look into images, check them, copy them.")
    app.add_typer(group, name="image")

    @group.callback()
    def image() -> None:
        """Look into images, check them, copy them."""

    image_inspect.register(group)
    image_validate.register(group)
    image_copy.register(group)
