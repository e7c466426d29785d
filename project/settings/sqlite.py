"""
The example project on SQLite, which needs nothing else.

``DEMO_DATABASE`` is the path of the file (default ``.demo/demo.sqlite3`` beside
``manage.py``). Without it, a ``DATABASE_URL`` that begins with ``sqlite:`` is used.
"""

from pathlib import Path

from .base import *
from .base import BASE_DIR, env


def demo_database() -> Path:
    """Return the path of the database file, in a folder that exists."""
    path = Path(env.str("DEMO_DATABASE", default=str(BASE_DIR / ".demo" / "demo.sqlite3")))
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def database() -> dict[str, object]:
    """
    Return Django's description of the database.

    A ``DATABASE_URL`` of another server is passed over: whoever chose these settings chose
    SQLite, and the variable is often exported for the PostgreSQL settings beside them.
    """
    url = env.str("DATABASE_URL", default="")
    if "DEMO_DATABASE" not in env.ENVIRON and url.startswith("sqlite:"):
        settings: dict[str, object] = env.db_url_config(url)
    else:
        settings = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(demo_database())}
    # WAL lets the demo watch the ledger while a migration writes. IMMEDIATE takes the write
    # lock at BEGIN, where SQLite waits for it; at a later write it would fail instead.
    settings["OPTIONS"] = {
        "init_command": "PRAGMA journal_mode=wal; PRAGMA synchronous=normal;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
    }
    return settings


DATABASES = {"default": database()}
