"""An app whose patches are migration files, as a project has them."""
