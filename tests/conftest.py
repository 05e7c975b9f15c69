"""What holds for every test."""

import os

# Builds in tests ask no cache of the world, unless a test names one.
os.environ["IMAGETOOLS_SUBSTITUTERS"] = ""
