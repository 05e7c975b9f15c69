"""fetchsvn: the files of a Subversion repository at one revision, as a fixed output. See fetchsvn.md."""
