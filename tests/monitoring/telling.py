"""Runs commands, given as lists in JSON, one after the other, and prints what each of them said, as JSON."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout, suppress

import django
from django.core.management import call_command


def said_by(arguments):
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said), suppress(SystemExit):
        call_command(*arguments)
    return said.getvalue()


if __name__ == "__main__":
    django.setup()
    print(json.dumps({" ".join(arguments): said_by(arguments) for arguments in json.loads(sys.argv[1])}))
