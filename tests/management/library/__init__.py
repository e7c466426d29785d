"""An app with real migration files, for the commands. Those of ``patches`` are applied by tests only."""

# What a test lets happen in the middle of a patch: it is called with each book.
moments = []
