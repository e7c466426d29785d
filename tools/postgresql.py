"""
Find a PostgreSQL server for the tests, or start one of our own.

Looked for in this order:

1. the server of POSTGRESQL_URL, or of DATABASE_URL where that is a PostgreSQL address. If one is
   given and does not answer, no other is used;
2. 127.0.0.1:5432, then the Unix socket, as user postgres without a password;
3. a server of our own in a temporary folder, where PostgreSQL's programs are installed or, on
   Debian as root, can be.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

STANDARD_ADDRESSES = (
    "postgresql://postgres@127.0.0.1:5432/postgres",
    "postgresql://postgres@/postgres?host=/var/run/postgresql",
)
ANSWER_SECONDS = 3


class NoServer(Exception):
    """There is no server to test on; the message says where one was looked for."""


@contextmanager
def server() -> Iterator[str]:
    """Yield the URL of a server on which databases may be created. Raise `NoServer` if there is none."""
    url = given_url(os.environ)
    if url:
        problem = problem_with(url)
        if problem:
            raise NoServer(f"{described(url)}: {problem}")
        yield url
        return
    for url in STANDARD_ADDRESSES:
        if not problem_with(url):
            yield url
            return
    with TemporaryCluster(programs()) as cluster:
        yield cluster.url


def given_url(environment: os._Environ[str] | dict[str, str]) -> str | None:
    """Return the PostgreSQL address in the environment, in the form that libpq reads too."""
    for name in ("POSTGRESQL_URL", "DATABASE_URL"):
        scheme, separator, rest = environment.get(name, "").partition("://")
        if separator and scheme in {"postgres", "postgresql", "pgsql", "psql"}:
            return f"postgresql://{rest}"
    return None


def problem_with(url: str) -> str | None:
    """Return why the tests cannot use this server, or None if they can."""
    try:
        with psycopg.connect(url, connect_timeout=ANSWER_SECONDS) as connection:
            may = connection.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.OperationalError:
        return "no server answered, or it refused the user"
    return None if may and may[0] else "its user may not create databases"


def described(url: str) -> str:
    """Return where the server is, without user and password."""
    parts = urlsplit(url)
    host = parts.hostname or parse_qs(parts.query).get("host", ["the Unix socket"])[0]
    return f"{host}:{parts.port}" if parts.port else host


def programs() -> Path:
    """Return the folder of `initdb` and `pg_ctl`, after installing them on Debian as root."""
    found = installed_programs()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        install_from_debian()
        found = installed_programs()
    if found is None:
        raise NoServer("no server answered at 127.0.0.1:5432 or the Unix socket, and none is installed")
    return found


def installed_programs() -> Path | None:
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    of_debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(of_debian, key=lambda path: int(path.parts[-3]), default=None)
    return newest.parent if newest else None


def install_from_debian() -> None:
    print("Installing PostgreSQL with apt-get", flush=True)
    quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "postgresql"]):
        finished = subprocess.run(["apt-get", "-qq", *arguments], env=quietly)
        if finished.returncode:
            raise NoServer(f"no server answered, and apt-get {arguments[0]} failed")


class TemporaryCluster:
    """
    A PostgreSQL server of our own on a free port of 127.0.0.1, gone when the `with` block ends.

    It does without fsync, so it outlives its own processes being killed but not the machine.
    """

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.port = _free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        # A server refuses to run as root, so root's is run by the user postgres.
        self._as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []

    def __enter__(self) -> TemporaryCluster:
        self.folder = Path(tempfile.mkdtemp(prefix="reversible-migrations-postgresql-"))
        try:
            if self._as_user:
                shutil.chown(self.folder, "postgres", "postgres")
            self._fill()
            self.start()
        except (NoServer, LookupError, OSError) as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise NoServer(f"a PostgreSQL server of our own could not be started: {error}") from error
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _fill(self) -> None:
        self._run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync")

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run("pg_ctl", "start", "--wait", f"--log={self.folder / 'server.log'}", f"--options={options}")

    def stop(self, mode: str = "fast") -> None:
        """Stop the server; `immediate` ends it as a crash would, and the next start recovers."""
        self._run("pg_ctl", "stop", "--wait", f"--mode={mode}")

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, str(self.programs / program), f"--pgdata={self.folder / 'data'}"]
        # Into a file: the server keeps pg_ctl's output open, and a pipe would never end.
        with tempfile.TemporaryFile("w+") as output:
            finished = subprocess.run([*command, *arguments], cwd="/", stdout=output, stderr=subprocess.STDOUT)
            output.seek(0)
            if finished.returncode:
                raise NoServer(f"{program} failed: {output.read().strip()}")


class TemporaryStandby(TemporaryCluster):
    """A standby of ``primary``, which knows it by ``name``; start it after the primary, and end it before."""

    def __init__(self, primary: TemporaryCluster, name: str) -> None:
        super().__init__(primary.programs)
        self.source = f"{primary.url}?application_name={name}"

    def _fill(self) -> None:
        self._run("pg_basebackup", f"--dbname={self.source}", "--write-recovery-conf", "--checkpoint=fast", "--no-sync")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
