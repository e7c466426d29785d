"""What a project may name in START_RUNS."""

from django.core.management import call_command

noted = []


def note(arguments):
    """Keep it, as a queue does until a worker comes."""
    noted.append(arguments)


def at_once(arguments):
    call_command(*arguments)


def broken(arguments):
    raise ConnectionError("a password")
