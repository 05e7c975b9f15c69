"""fetchgit: the files of a git repository at one revision, as a fixed output. See fetchgit.md."""
