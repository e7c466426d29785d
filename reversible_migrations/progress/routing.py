"""Where runs are watched: put ``websocket_urlpatterns`` into the ``URLRouter`` of the project's ``asgi.py``."""

from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, path

try:
    from .consumers import RunsConsumer
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "channels":
        raise
    raise ImproperlyConfigured(
        "Runs are watched by way of Channels, which is not installed. "
        'Install it: python -m pip install "reversible-migrations[channels]"'
    ) from error

PATH = "ws/reversible-migrations/"

websocket_urlpatterns: list[URLPattern] = [path(PATH, RunsConsumer.as_asgi(), name="reversible_migrations_ws")]
