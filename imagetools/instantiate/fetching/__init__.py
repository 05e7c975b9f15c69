"""Fetching while evaluating: ``fetchurl``, ``fetchTarball``, ``fetchGit``, ``fetchMercurial``, ``fetchTree`` and tarball URLs.

Unlike the fetchers of the package set, which make derivations, these act at once and give a store path (row 1.001). What they
need of the world is one ``World``; the language sees them through ``builtins.py`` alone.
"""
