"""Tables of every kind that both databases know."""
