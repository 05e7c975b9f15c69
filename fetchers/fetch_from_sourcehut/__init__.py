"""fetchFromSourcehut: a repository of SourceHut at one revision. Nix only. See fetch_from_sourcehut.md."""
