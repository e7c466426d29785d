"""``manage.py`` for the library's patches: ``python -m tests.management.process migrate library``."""

import sys

import django
from django.conf import settings
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    django.setup()
    settings.MIGRATION_MODULES = {"library": "tests.management.library.patches"}
    execute_from_command_line(["manage.py", *sys.argv[1:]])
