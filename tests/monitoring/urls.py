from django.urls import include, path

urlpatterns = [path("monitoring/", include("reversible_migrations.monitoring.urls"))]
