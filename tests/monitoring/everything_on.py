"""
Settings of a project that has everything on by which runs are watched; each of it writes into a file of FOLDER.

WEBHOOK_URL and SMTP_PORT are of the test's servers. Django's own log of SQL is off, as it is by default: what it
writes is a project's affair.
"""

# ruff: noqa: F403, F405 - settings build on each other by star import

import json
import os
from pathlib import Path

import django
import sentry_sdk
from channels.layers import InMemoryChannelLayer
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
from sentry_sdk.transport import Transport

from tests.crash.settings import *

FOLDER = Path(os.environ["FOLDER"])
ROOT_URLCONF = "tests.monitoring.all_urls"


class ToFile:
    """A stream whose file is open while it is written only."""

    def __init__(self, name):
        self.path = FOLDER / name

    def write(self, text):
        with self.path.open("a") as file:
            file.write(text)

    def flush(self):
        pass


class LayerToFile(InMemoryChannelLayer):
    """Keeps what is sent to groups."""

    async def group_send(self, group, message):
        ToFile(f"channel of {group}").write(json.dumps(message) + "\n")
        await super().group_send(group, message)


class SentryToFile(Transport):
    def capture_envelope(self, envelope):
        ToFile("sentry").write(envelope.serialize().decode() + "\n")


CHANNEL_LAYERS = {"default": {"BACKEND": "tests.monitoring.everything_on.LayerToFile"}}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "reversible_migrations.progress.logs.JSONFormatter"}},
    "handlers": {
        "file": {"class": "logging.FileHandler", "filename": str(FOLDER / "log"), "formatter": "json"},
    },
    "loggers": {"reversible_migrations": {"handlers": ["file"], "level": "DEBUG"}},
}

SMTP = {"host": "127.0.0.1", "port": int(os.environ["SMTP_PORT"])}
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": SMTP}}
else:
    EMAIL_HOST, EMAIL_PORT = SMTP["host"], SMTP["port"]
REVERSIBLE_MIGRATIONS["SENTRY_MONITOR"] = "migrations"
REVERSIBLE_MIGRATIONS["METRICS_TOKEN"] = "token of the tests"
REVERSIBLE_MIGRATIONS["ALERTS"] = {
    "OUTLETS": [
        {"outlet": "log", "level": "info"},
        {"outlet": "channels", "level": "info"},
        {"outlet": "email", "to": ["ada@example.com"], "sender": "shop@example.com", "level": "info"},
        {"outlet": "webhook", "url": f"{os.environ['WEBHOOK_URL']}/200", "secret": "of sixteen bytes", "level": "info"},
        {"outlet": "slack", "url": f"{os.environ['WEBHOOK_URL']}/200?slack", "level": "info"},
    ]
}

sentry_sdk.init(
    dsn="https://key@sentry.invalid/1", transport=SentryToFile, traces_sample_rate=1.0,
    max_request_body_size="always", enable_logs=True,
)  # fmt: skip

trace.set_tracer_provider(TracerProvider())
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=ToFile("spans"))))
metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(ConsoleMetricExporter(out=ToFile("meters")))]))
