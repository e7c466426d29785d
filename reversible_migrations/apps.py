"""The app's configuration: system checks and watchers are connected here, models are imported nowhere else."""

from django.apps import AppConfig


class ReversibleMigrationsConfig(AppConfig):
    name = "reversible_migrations"
    verbose_name = "Reversible migrations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks  # noqa: F401 (registers itself)
        from .alerts import monitor
        from .monitoring import sentry, telemetry
        from .phases import guard
        from .progress import broadcast, logs, terminal
        from .runs import bookkeeping

        for watcher in (bookkeeping, guard, terminal, logs, broadcast, monitor, sentry, telemetry):
            watcher.connect(self)
