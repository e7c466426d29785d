"""What real ``migrate`` processes show: a live bar on a terminal, lines in a pipe, nothing when asked."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def environment(**variables):
    """Return the variables by which a process works on the test's database."""
    facts = connection.settings_dict
    if connection.vendor == "sqlite":
        url = {"SQLITE_URL": f"sqlite:///{facts['NAME']}"}
    else:
        user, host = quote(facts["USER"], ""), quote(facts["HOST"], "")
        password = f":{quote(facts['PASSWORD'], '')}" if facts["PASSWORD"] else ""
        url = {"POSTGRESQL_URL": f"postgres://{user}{password}@{host}:{facts['PORT'] or 5432}/{facts['NAME']}"}
    return {**os.environ, **url, "TERM": "xterm", "COLUMNS": "120", "PYTHONWARNINGS": "error", **variables}


def manage(*arguments, stderr, **options):
    command = [sys.executable, "-m", "tests.management.process", *arguments]
    connection.close()
    return subprocess.run(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=stderr, **options)


def in_a_pipe(*arguments):
    done = manage(*arguments, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def on_a_terminal(*arguments):
    """Return what a process wrote to a terminal of its own."""
    connection.close()
    reader, writer = pty.openpty()
    command = [sys.executable, "-m", "tests.management.process", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdin=writer, stdout=writer, stderr=writer)
    os.close(writer)
    said = b""
    try:
        while part := os.read(reader, 65536):
            said += part
    except OSError:  # the other end is closed: the process has ended
        pass
    os.close(reader)
    assert process.wait() == 0, said
    return said.decode()


@pytest.mark.usefixtures("library")
class TestTerminal:
    def test_in_a_pipe_each_step_that_met_rows_is_a_line_on_stderr(self):
        out, err = in_a_pipe("migrate", "library", "0002")

        assert "Applying library.0002_prices... OK" in out
        lines = [line.strip() for line in err.splitlines() if line.strip()]
        assert [line.split(": ")[:2] for line in lines] == [
            ["library.0002_prices step 1", "update library.Book"],
            ["library.0002_prices step 2", "transform library.Book"],
            ["library.0002_prices step 3", "create library.Note"],
            ["library.0002_prices step 4", "delete library.Book"],
        ]
        assert "5 rows in" in lines[0]
        assert lines[1].endswith("1 left as they were, 1 failed")

    def test_going_back_is_shown_too(self):
        in_a_pipe("migrate", "library", "0002", "--verbosity", "0")

        _, err = in_a_pipe("safe_rollback", "library", "0001", "--noinput")

        assert "library.0002_prices step 1: restore library.Book: 1 row in" in err

    def test_verbosity_0_is_silent(self):
        assert in_a_pipe("migrate", "library", "0002", "--verbosity", "0") == ("", "")

    def test_on_a_terminal_a_bar_is_drawn_and_the_cursor_comes_back(self):
        said = on_a_terminal("migrate", "library", "0002")

        plain = ESCAPES.sub("", said).replace("\r", "\n")
        assert "━" in said
        assert "Applying library.0002_prices...\n" in plain
        assert "1 update library.Book: 5 rows in" in plain
        assert said.rindex("\x1b[?25h") > said.rindex("\x1b[?25l")

    def test_no_value_of_a_row_is_shown(self):
        out, err = in_a_pipe("migrate", "library", "0002")

        assert not re.search("Emma|Ulysses|torn", out + err)

    def test_a_closed_stderr_does_not_fail_the_run(self):
        reader, writer = os.pipe()
        os.close(reader)

        done = manage("migrate", "library", "0002", stderr=writer)
        os.close(writer)

        assert done.returncode == 0
        assert b"Applying library.0002_prices... OK" in done.stdout
