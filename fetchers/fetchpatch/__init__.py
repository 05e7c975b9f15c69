"""fetchpatch and fetchpatch2: one patch from the web, put in order. See fetchpatch.md."""
