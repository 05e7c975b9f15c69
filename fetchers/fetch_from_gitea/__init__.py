"""fetchFromGitea: a repository of a Gitea or Forgejo at one revision. Nix only. See fetch_from_gitea.md."""
