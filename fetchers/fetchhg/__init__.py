"""fetchhg: the files of a Mercurial repository at one revision, as a fixed output. See fetchhg.md."""
