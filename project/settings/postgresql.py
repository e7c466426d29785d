"""The example project on PostgreSQL: the server that ``DATABASE_URL`` names, or the local one."""

from django.core.exceptions import ImproperlyConfigured

from .base import *
from .base import env

DATABASES = {
    "default": env.db_url("DATABASE_URL", default="postgres://postgres@127.0.0.1:5432/postgres"),
}

if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured(
        "project.settings.postgresql: DATABASE_URL does not name a PostgreSQL server. "
        "Give one that begins with postgres://, or use project.settings.sqlite."
    )
