"""fetchDebianPatch: a patch of a Debian source package. Nix only. See fetch_debian_patch.md."""
