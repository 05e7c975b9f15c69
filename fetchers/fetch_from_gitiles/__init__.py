"""fetchFromGitiles: a repository that Gitiles shows at one revision. Nix only. See fetch_from_gitiles.md."""
