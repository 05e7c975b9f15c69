"""requireFile: a file that a person must fetch. See require_file.md."""
