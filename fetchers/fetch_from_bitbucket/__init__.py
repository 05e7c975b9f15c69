"""fetchFromBitbucket: a repository of Bitbucket at one revision. Nix only. See fetch_from_bitbucket.md."""
