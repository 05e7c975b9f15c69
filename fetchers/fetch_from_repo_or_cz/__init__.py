"""fetchFromRepoOrCz: a repository of repo.or.cz at one revision. Nix only. See fetch_from_repo_or_cz.md."""
