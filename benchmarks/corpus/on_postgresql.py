"""The corpus on a database of PostgreSQL, where the linters of others see the SQL of its migrations."""

from .databases import databases
from .settings import *  # noqa: F403

DATABASES = databases()
