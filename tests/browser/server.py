"""A real web server with the page, on a port of its own; it can be stopped and started again at the same address."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import urllib.request

from tests.crash.databases import ROOT, Scratch
from tests.crash.processes import wait_until


class Server:
    """Serves ``project.asgi`` on ``database``; without ``sockets`` it refuses WebSockets, as a plain one would."""

    def __init__(self, database: Scratch, options: str = "{}", sockets: bool = True):
        self.environment = {**database.environment(options=options), "CRASH_PATIENT": "1"}
        self.environment.pop("PYTHONWARNINGS")  # what the server's own libraries warn of is not ours
        self.port = free_port()
        self.sockets = "auto" if sockets else "none"
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in __exit__
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()
        self.output.close()

    def start(self) -> None:
        command = [
            *(sys.executable, "-m", "uvicorn", "project.asgi:application", "--host=127.0.0.1"),
            *(f"--port={self.port}", f"--ws={self.sockets}", "--lifespan=off", "--log-level=warning"),
            "--timeout-graceful-shutdown=1",
        ]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=self.output, stderr=subprocess.STDOUT, text=True
        )
        wait_until(lambda: self.answers() or self.process.poll() is not None)
        assert self.process.poll() is None, self.said()

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/admin/login/", timeout=30) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def said(self) -> str:
        self.output.seek(0)
        return self.output.read()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
