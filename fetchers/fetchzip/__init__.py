"""fetchzip: an archive from the web as a tree, a fixed output. See fetchzip.md."""
