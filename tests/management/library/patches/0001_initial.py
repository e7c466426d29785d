from importlib import import_module

from tests.management.library.migrations import __name__ as first

Migration = import_module(f"{first}.0001_initial").Migration
