"""Apps, rows and helpers for tests of every kind of table that a project may have."""
