"""The database that the migrations of the corpus are run on: one of PostgreSQL, made for it, or one in memory."""

import os
from typing import Any
from urllib.parse import urlsplit

URL = "postgres://postgres@127.0.0.1:5432/postgres"
ENGINE, NAME = "LINT_PEERS_ENGINE", "LINT_PEERS_DATABASE"  # of the environment


def databases() -> dict[str, Any]:
    if NAME not in os.environ:
        return {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    url = urlsplit(os.environ.get("POSTGRESQL_URL", URL))
    return {
        "default": {
            "ENGINE": os.environ[ENGINE], "NAME": os.environ[NAME], "USER": url.username or "",
            "PASSWORD": url.password or "", "HOST": url.hostname or "", "PORT": url.port or "",
        }
    }  # fmt: skip
