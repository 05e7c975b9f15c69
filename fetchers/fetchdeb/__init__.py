"""fetchdeb: a Debian package by name and version, through the host's own apt. See fetchdeb.md."""
