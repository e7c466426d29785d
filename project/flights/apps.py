"""The app ``flights``."""

from django.apps import AppConfig


class FlightsConfig(AppConfig):
    """Flights, planes, airports, airlines and weather."""

    name = "project.flights"
    label = "flights"
    verbose_name = "Flights from New York City, 2013"
