"""Pairs measured in one run: what this app does beside the plain way. ``make bench`` runs all of them."""
