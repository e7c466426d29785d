"""
An app whose tables are made by the tests: ``migrations`` is empty, for the test database, and ``phased`` has them.

0001 makes the table, 0002 replaces two columns by one in four phases, 0003 adds a column behind it.
"""
