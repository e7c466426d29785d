"""Where runs are watched: put ``websocket_urlpatterns`` into the ``URLRouter`` of the project's ``asgi.py``."""

from django.urls import URLPattern, path

from .consumers import RunsConsumer

PATH = "ws/reversible-migrations/"

websocket_urlpatterns: list[URLPattern] = [path(PATH, RunsConsumer.as_asgi(), name="reversible_migrations_ws")]
