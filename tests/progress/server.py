"""A server of the tests: ``python -m tests.progress.server``. It says its port, and asks often who may still watch."""

import os
import socket

import uvicorn
from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application
from django.urls import path

pages = get_asgi_application()

from reversible_migrations.progress.consumers import RunsConsumer  # noqa: E402
from reversible_migrations.progress.routing import PATH  # noqa: E402

consumer = RunsConsumer.as_asgi(recheck_seconds=float(os.environ.get("RECHECK_SECONDS", "30")))
application = ProtocolTypeRouter(
    {
        "http": pages,
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter([path(PATH, consumer)]))),
    }
)

if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        uvicorn.Server(uvicorn.Config(application, log_level="warning")).run(sockets=[listening])
