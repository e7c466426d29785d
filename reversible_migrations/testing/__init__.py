"""What a project's own tests import."""
