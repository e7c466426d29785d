"""The rules, one per file, named by its code."""
