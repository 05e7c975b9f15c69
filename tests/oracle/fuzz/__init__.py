"""The differential fuzzer: random programs, what real Nix says of them, and what we say."""
