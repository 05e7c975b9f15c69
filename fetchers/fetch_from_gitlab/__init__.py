"""fetchFromGitLab: a repository of a GitLab at one revision. Nix only. See fetch_from_gitlab.md."""
