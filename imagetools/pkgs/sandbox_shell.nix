# The derivation behind /bin/sh in every build, for the machine that builds.
(import ./. { }).sandboxShell
