"""The example project's addresses: the page of migrations, and the admin for its login."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="reversible_migrations:runs")),
    path("admin/", admin.site.urls),
    path("migrations/", include("reversible_migrations.dashboard.urls")),
]
