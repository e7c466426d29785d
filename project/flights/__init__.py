"""Flights that left New York City in 2013: the tables that the example patches work on."""
