"""How PostgreSQL records what any code changes: triggers that fire for the run's own transactions only."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import transaction

from .base import Database

RUN_SETTING = "reversible_migrations.run"  # transaction-local: survives pooling, cannot fire for others


class PostgreSQLRecording(Database):
    """The part of ``PostgreSQL`` that installs recording triggers and watches writes."""

    @contextmanager
    def short_lock_waits(self, seconds: float) -> Iterator[None]:
        before = self.value("SHOW lock_timeout")
        with transaction.atomic(using=self.alias):
            self.value("SELECT set_config('lock_timeout', %s, true)", [f"{round(seconds * 1000)}ms"])
            yield
            self.value("SELECT set_config('lock_timeout', %s, true)", [before])

    def blockers(self, target: str) -> str:
        found = self.rows(
            "SELECT DISTINCT pid, state, extract(epoch FROM clock_timestamp() - xact_start)::int"
            " FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE relation = to_regclass(%s) AND granted AND pid <> pg_backend_pid()",
            [target],
        )
        return ", ".join(f"session {pid} ({state}, in its transaction for {age} s)" for pid, state, age in found)

    def install_recorder(
        self, target: str, journal: str, keys: Sequence[str], columns: Sequence[str], mark: str
    ) -> None:
        function = self._recorder_name(journal)
        trigger = function
        condition = f"WHEN (current_setting('{RUN_SETTING}', true) = '{mark}')"
        body = self._recorder_body(target, journal, keys, columns)
        with transaction.atomic(using=self.alias):
            self.execute(f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $rm${body}$rm$")
            self.execute(f"DROP TRIGGER IF EXISTS {trigger} ON {target}")
            self.execute(
                f"CREATE TRIGGER {trigger} AFTER INSERT OR UPDATE OR DELETE ON {target}"
                f" FOR EACH ROW {condition} EXECUTE FUNCTION {function}()"
            )
            self.execute(f"DROP TRIGGER IF EXISTS {self._truncate_name(journal)} ON {target}")
            self.execute(
                f"CREATE TRIGGER {self._truncate_name(journal)} BEFORE TRUNCATE ON {target}"
                f" FOR EACH STATEMENT {condition} EXECUTE FUNCTION {function}()"
            )

    def _recorder_name(self, journal: str) -> str:
        return self.quote(journal.strip('"') + "_rec")

    def _truncate_name(self, journal: str) -> str:
        return self.quote(journal.strip('"') + "_all")

    def _recorder_body(self, target: str, journal: str, keys: Sequence[str], columns: Sequence[str]) -> str:
        def row(of: str, names: Sequence[str]) -> str:
            return ", ".join(f"{of}.{self.quote(name)}" for name in names)

        key, before, after = (self.images(p, c) for p, c in (("key", keys), ("before", columns), ("after", columns)))
        head = f"INSERT INTO {journal} (batch, op, "
        moved = " OR ".join(f"OLD.{self.quote(k)} IS DISTINCT FROM NEW.{self.quote(k)}" for k in keys)
        removed = f"{head}{', '.join(key + before)}) VALUES (1, 'D', {row('OLD', keys)}, {row('OLD', columns)});"
        added = f"{head}{', '.join(key + after)}) VALUES (1, 'I', {row('NEW', keys)}, {row('NEW', columns)});"
        emptied = (
            f"{head}{', '.join(key + before)}) SELECT 1, 'D', {row('gone', keys)}, {row('gone', columns)}"
            f" FROM {target} AS gone;"
        )
        changed = (
            f"{head}{', '.join(key + before + after)})"
            f" VALUES (1, 'U', {row('OLD', keys)}, {row('OLD', columns)}, {row('NEW', columns)});"
        )
        return (
            f"BEGIN IF TG_OP = 'INSERT' THEN {added} ELSIF TG_OP = 'DELETE' THEN {removed}"
            f" ELSIF TG_OP = 'TRUNCATE' THEN {emptied}"
            f" ELSIF {moved} THEN {removed} {added} ELSE {changed} END IF; RETURN NULL; END"
        )

    def remove_recorder(self, target: str, journal: str) -> None:
        function = self._recorder_name(journal)
        with transaction.atomic(using=self.alias):
            if self.has_table(target):
                self.execute(f"DROP TRIGGER IF EXISTS {function} ON {target}")
                self.execute(f"DROP TRIGGER IF EXISTS {self._truncate_name(journal)} ON {target}")
            self.execute(f"DROP FUNCTION IF EXISTS {function}()")

    @contextmanager
    def recording(self, mark: str) -> Iterator[None]:
        self.execute("SELECT set_config(%s, %s, true)", [RUN_SETTING, mark])
        yield
        self.execute("SELECT set_config(%s, '', true)", [RUN_SETTING])

    @contextmanager
    def watch_writes(self, tables: Sequence[str]) -> Iterator[set[str]]:
        # TRUNCATE counts no rows, but gives the table a new file.
        counted = (
            "SELECT s.relid, s.relname, s.n_tup_ins + s.n_tup_upd + s.n_tup_del, c.relfilenode"
            " FROM pg_stat_xact_user_tables AS s JOIN pg_class AS c ON c.oid = s.relid WHERE s.relname = ANY(%s)"
        )
        before = {relid: (writes, file) for relid, _, writes, file in self.rows(counted, [list(tables)])}
        written: set[str] = set()
        yield written
        after = self.rows(counted, [list(tables)])
        written |= {name for relid, name, *state in after if tuple(state) != before.get(relid, (0, state[1]))}
