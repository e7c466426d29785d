"""Processes and servers killed in the middle of a migration, several at once, and the application beside them."""
