"""``python -m imagetools``: the same as the console script."""

from imagetools.app.cli.main import entry_point

if __name__ == "__main__":
    entry_point()
