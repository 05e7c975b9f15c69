"""Regular expressions as Nix has them: POSIX extended syntax with the matching rules of the C++ standard library that Nix
is built with."""
