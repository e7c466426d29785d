"""
The reversibility lint: which migration cannot be undone, or would hurt a live site, why, and what to write instead.

It reads operations and the project's state before each, the syntax tree of Python code and the statements of SQL; it
needs no database. One rule is one file of ``rules``, one form of the report one file of ``report``. A project's own
rules are subclasses of ``OperationRule``, ``MigrationRule`` or ``ProjectRule`` of ``lint.registry``.
"""
