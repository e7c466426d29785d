"""``path("monitoring/", include("reversible_migrations.monitoring.urls"))``."""

from django.urls import path

from . import views

app_name = "reversible_migrations_monitoring"

urlpatterns = [
    path("metrics", views.metrics, name="metrics"),
    path("health", views.health, name="health"),
]
