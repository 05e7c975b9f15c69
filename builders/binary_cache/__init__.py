"""mkBinaryCache: a closure as a flat-file binary cache. See binary_cache.md."""
