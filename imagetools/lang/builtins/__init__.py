"""The builtins, by topic. Each module ends in a tuple ``BUILTINS``; ``table.py`` joins them."""
