"""
The page's addresses, for a project to put where it likes.

    path("migrations/", include("reversible_migrations.dashboard.urls"))
"""

from django.urls import path

from . import actions, health_page, phases_page, run_page, undo_page, views

app_name = "reversible_migrations"

urlpatterns = [
    path("", views.runs, name="runs"),
    path("runs.json", views.runs_data, name="runs_data"),
    path("runs/<str:alias>/<int:number>/", run_page.run, name="run"),
    path("runs/<str:alias>/<int:number>/run.json", run_page.run_data, name="run_data"),
    path("runs/<str:alias>/<int:number>/charts.json", run_page.run_charts, name="run_charts"),
    path("runs/<str:alias>/<int:number>/undo/", undo_page.undo, name="undo"),
    path("runs/<str:alias>/<int:number>/actions/<slug:action>/", actions.act, name="act"),
    path("phases/", phases_page.phases, name="phases"),
    path("health/", health_page.health, name="health"),
    path("start/", actions.start, name="start"),
]
