"""Settings of the benchmarks: one table of products, on PostgreSQL or SQLite as the environment says."""

import environ

env = environ.Env()
SECRET_KEY = "benchmarks only"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",  # of the server that watchers of the benchmark connect to
    "reversible_migrations",
    "benchmarks.products",
]
DATABASES = {"default": env.db_url("BENCH_DATABASE_URL", default="sqlite:////tmp/reversible-bench.sqlite3")}


def layers(url: str) -> dict[str, object]:
    """Return the channel layers with Redis at ``url``, or none."""
    backend = "channels_redis.core.RedisChannelLayer"
    return {"default": {"BACKEND": backend, "CONFIG": {"hosts": [url]}}} if url else {}


CHANNEL_LAYERS = layers(env.str("BENCH_REDIS_URL", default=""))
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
