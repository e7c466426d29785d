"""Settings of the benchmarks: one table of products, on PostgreSQL or SQLite as the environment says."""

import environ

env = environ.Env()
SECRET_KEY = "benchmarks only"
INSTALLED_APPS = ["reversible_migrations", "benchmarks.products"]
DATABASES = {"default": env.db_url("BENCH_DATABASE_URL", default="sqlite:////tmp/reversible-bench.sqlite3")}
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
