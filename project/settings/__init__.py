"""One module per database: ``project.settings.sqlite`` and ``project.settings.postgresql``."""
