"""
The page's addresses, for a project to put where it likes.

    path("migrations/", include("reversible_migrations.dashboard.urls"))
"""

from django.urls import path

from . import views

app_name = "reversible_migrations"

urlpatterns = [
    path("", views.runs, name="runs"),
    path("runs.json", views.runs_data, name="runs_data"),
]
