"""Backups of PostgreSQL by its own ``pg_dump``."""

import os
import subprocess
from pathlib import Path

from django.db.backends.postgresql.client import DatabaseClient

from .base import Database

JOBS = 2  # tables that are dumped at once


class PostgreSQLBackup(Database):
    backup_suffix = ".dump"

    def size_bytes(self) -> int:
        return int(self.value("SELECT pg_database_size(current_database())"))

    def back_up(self, path: Path) -> None:
        """Dump the database into the folder ``path``; raise ``OSError`` with what ``pg_dump`` said."""
        arguments, env = DatabaseClient.settings_to_cmd_args_env(self.connection.settings_dict, [])
        command = ["pg_dump", "--format=directory", f"--jobs={JOBS}", f"--file={path}", "--no-password"]
        try:
            done = subprocess.run(
                [*command, *arguments[1:]],
                env={**os.environ, **(env or {})},
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            raise OSError("there is no program pg_dump on this host") from None
        if done.returncode:
            raise OSError(f"pg_dump said: {done.stderr.strip() or done.returncode}")
