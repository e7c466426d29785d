"""Programs of the house: what `make test` runs."""
