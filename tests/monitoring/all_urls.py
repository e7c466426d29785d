"""The addresses of the example project, and those for machines."""

from project.urls import urlpatterns as of_project
from tests.monitoring.urls import urlpatterns as of_machines

urlpatterns = [*of_project, *of_machines]
