"""fetchFromGitHub: a repository of GitHub at one revision. Nix only. See fetch_from_github.md."""
