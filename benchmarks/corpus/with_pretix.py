"""pretix as a project of its own, for its migrations only."""

import os
import tempfile

from .databases import databases

os.environ.setdefault("DATA_DIR", tempfile.mkdtemp())

from pretix.settings import *  # type: ignore[import-not-found]  # noqa: F403

DATABASES = databases()
INSTALLED_APPS = [*INSTALLED_APPS, "reversible_migrations"]  # type: ignore[name-defined]  # noqa: F405
