"""
``python -m reversible_migrations.lint PATH...``: reads migrations without the project's settings.

It is ``check_reversibility --source``, in a Django that has only this app: for pre-commit and the like.
"""

import sys

import django
from django.conf import settings
from django.core.management import ManagementUtility


def main() -> None:
    settings.configure(INSTALLED_APPS=["reversible_migrations"], USE_TZ=True)
    django.setup()
    ManagementUtility([sys.argv[0], "check_reversibility", "--source", *sys.argv[1:]]).execute()


if __name__ == "__main__":
    main()
