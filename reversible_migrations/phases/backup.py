"""A backup before a deploy: into a folder, complete under its name or not there at all."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import disk_usage, rmtree

from ..databases import database
from ..exceptions import BackupFailed

SPARE_SHARE = 1.1  # of the database's size, that has to be free: a dump is smaller, an SQLite copy as large


@dataclass(frozen=True)
class Backup:
    path: Path
    bytes: int


def back_up(alias: str, folder: Path, at: datetime | None = None) -> Backup:
    """
    Write a backup of the database ``alias`` into ``folder``, named after it and the time (UTC).

    On PostgreSQL it is a folder for ``pg_restore``, on SQLite a copy of the file. While it is written it
    has the ending ``.partial``. Raise ``BackupFailed`` where that is not possible; nothing is left behind.
    """
    db = database(alias)
    moment = (at or datetime.now(UTC)).strftime("%Y%m%d-%H%M%S")
    path = folder / f"{alias}-{moment}{db.backup_suffix}"
    partial = path.with_name(f"{path.name}.partial")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        needed, free = db.size_bytes(), disk_usage(folder).free
        if needed * SPARE_SHARE > free:
            raise OSError(f"{needed:,} bytes are to be saved and {free:,} are free")
        if path.exists():
            raise OSError("there is one of this second already")
        db.back_up(partial)
        partial.rename(path)
    except OSError as error:
        _remove(partial)
        raise _failed(alias, folder, str(error)) from None
    except BaseException:
        _remove(partial)
        raise
    return Backup(path, sum(part.stat().st_size for part in [path, *path.glob("*")] if part.is_file()))


def _remove(partial: Path) -> None:
    with suppress(OSError):
        rmtree(partial) if partial.is_dir() else partial.unlink(missing_ok=True)


def _failed(alias: str, folder: Path, why: str) -> BackupFailed:
    return BackupFailed(
        f"database {alias!r}",
        f"could not be backed up into {folder}: {why}.",
        todo="Mend that, name another folder, or leave --backup away.",
    )
