"""An ASGI server for watchers that need no login: ``python -m benchmarks.live_server``. It says its port."""

import socket
from typing import Any

import uvicorn
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

pages = get_asgi_application()

from reversible_migrations.progress.consumers import RunsConsumer  # noqa: E402
from reversible_migrations.progress.routing import PATH  # noqa: E402


class Anybody:
    """May watch."""

    is_authenticated = is_active = is_staff = True

    def has_perm(self, name: str) -> bool:
        return True


watch = URLRouter([path(PATH, RunsConsumer.as_asgi(recheck_seconds=86_400.0))])


async def let_in(scope: Any, receive: Any, send: Any) -> None:
    await watch({**scope, "user": Anybody()}, receive, send)


application = ProtocolTypeRouter({"http": pages, "websocket": let_in})

if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0), backlog=1_000) as listening:
        print(listening.getsockname()[1], flush=True)
        uvicorn.Server(uvicorn.Config(application, log_level="warning")).run(sockets=[listening])
