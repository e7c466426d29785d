"""Network or files in a migration."""

import pytest

from tests.lint.reading import flagged, silent

FILE = """
{imported}

def fill(apps, schema_editor):
    {body}

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
"""


def code(imported, body):
    return FILE.format(imported=imported, body=body)


@pytest.mark.parametrize(
    ("imported", "body", "called"),
    [
        ("import requests", "requests.get('https://example.org')", "requests.get"),
        ("from urllib.request import urlopen as fetch", "fetch('https://example.org')", "fetch"),
        ("import urllib.request", "urllib.request.urlopen('x')", "urllib.request.urlopen"),
        ("", "from django.core.mail import send_mail; send_mail('a', 'b', 'c', [])", "send_mail"),
    ],
)
def test_the_network(imported, body, called):
    finding = flagged("RM308", code(imported, body))

    assert finding.message == (
        f"fill calls {called}(): the migration hangs or fails with what it calls, and keeps its locks meanwhile."
    )
    assert finding.hint == "Do it in a management command, and let fill change rows only."


@pytest.mark.parametrize(
    ("imported", "body"),
    [
        ("", "open('/srv/names.csv')"),
        ("import os", "os.rename('a', 'b')"),
        ("from django.core.files.storage import default_storage", "default_storage.delete('a')"),
    ],
)
def test_files(imported, body):
    assert "files are not those of the database" in flagged("RM308", code(imported, body)).message


@pytest.mark.parametrize(
    ("imported", "body"),
    [
        ("from pathlib import Path\nBESIDE = Path(__file__).parent", "open(BESIDE / 'names.csv')"),
        ("import os", "os.environ.get('a'); os.path.join('a', 'b')"),
        ("from shop.requests import get", "get('a')"),
        ("import logging", "logging.info('a')"),
        ("import requests", "print('a')"),
    ],
)
def test_what_comes_with_the_migration_or_touches_nothing(imported, body):
    silent("RM308", code(imported, body))
