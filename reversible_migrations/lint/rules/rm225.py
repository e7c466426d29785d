"""
SQL of maintenance that locks whole tables: VACUUM FULL, CLUSTER, REINDEX, LOCK TABLE.

https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES
"""

from collections.abc import Iterator

from django.db.migrations.operations import RunPython, RunSQL

from ...sql import words_of
from ...states import Level
from ..finding import Finding
from ..registry import OperationRule
from ..subject import OperationSubject
from ..tables_in_use import is_sql_on_table_in_use

# Modes of LOCK TABLE that do not make writes wait.
WEAK = (["ACCESS", "SHARE"], ["ROW", "SHARE"], ["ROW", "EXCLUSIVE"], ["SHARE", "UPDATE"])


def is_full(words: list[str]) -> bool:
    return "FULL" in words


def is_not_concurrent(words: list[str]) -> bool:
    return "CONCURRENTLY" not in words


def is_strong(words: list[str]) -> bool:
    mode = words[words.index("IN") + 1 :] if "IN" in words else []
    return mode[:2] not in WEAK


FAULTS = {
    "VACUUM": (
        is_full,
        "writes the table anew: nobody can read or write it until then.",
        "Leave it to autovacuum, or use pg_repack, outside migrations.",
    ),
    "CLUSTER": (
        is_not_concurrent,
        "writes the table anew: nobody can read or write it until then.",
        "Do it in a time of maintenance, or use pg_repack, outside migrations.",
    ),
    "REINDEX": (
        is_not_concurrent,
        "blocks writes to the table, and reads by the index, until it is done.",
        "REINDEX ... CONCURRENTLY, in a migration with atomic = False.",
    ),
    "LOCK": (
        is_strong,
        "makes everybody wait until the migration is committed.",
        "Leave it out: lock rows with select_for_update(), in short transactions.",
    ),
}


class LockingMaintenance(OperationRule):
    code = "RM225"
    name = "locking-maintenance"
    level = Level.WARNING
    link = "https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES"
    operations = (
        RunSQL,
        RunPython,
    )

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        for statement in subject.statements:
            words = words_of(statement.text)
            capitals = [word.upper() for word in words]
            for verb, (is_locking, harm, hint) in FAULTS.items():
                if statement.kind == verb and "`" not in statement.text and is_locking(capitals):
                    yield from self._of_old_table(subject, words, harm, hint)

    def _of_old_table(self, subject: OperationSubject, words: list[str], harm: str, hint: str) -> Iterator[Finding]:
        if all(is_sql_on_table_in_use(subject, word) for word in words[1:]):
            yield self.finding(subject, f"{' '.join(words[:4])} {harm}", hint)
