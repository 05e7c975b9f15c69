"""fetchFromSavannah: a repository of GNU Savannah at one revision. Nix only. See fetch_from_savannah.md."""
