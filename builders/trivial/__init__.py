"""The trivial builders: runCommand, the writeText family, symlinkJoin, buildEnv. See trivial.md."""
