"""The example project as an ASGI application: pages, static files, and the WebSocket by which runs are watched."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.sqlite")

pages = get_asgi_application()  # sets Django up, which what follows needs

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler  # noqa: E402

from reversible_migrations.progress.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        # A real project has its static files served by its proxy.
        "http": ASGIStaticFilesHandler(pages),
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)
