"""fetchurl: one file from the web as a fixed output. See fetchurl.md."""
