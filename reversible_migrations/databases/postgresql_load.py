"""What PostgreSQL says of its own load. One statement for all figures, and one for the standbys."""

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from .base import Database, Lag

STATEMENT_TIMEOUT = "2s"  # of a reading; transaction-local, so that it cannot stay behind in a pooled session
AT_WORK_SECONDS = 2  # a session that has done something since then is at work

# Of a session that the role may not see, everything but its database and role is NULL.
FIGURES = """
WITH other AS (
    SELECT *, backend_type IS NULL AND usesysid IS NOT NULL AS is_hidden
      FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND pid <> ALL(%(own)s::int[])
), here AS (
    SELECT * FROM other WHERE datname = current_database() AND (backend_type = 'client backend' OR is_hidden)
)
SELECT
    (SELECT count(*) FROM here WHERE is_hidden) AS hidden_sessions,
    (SELECT count(*) FROM other WHERE backend_type = 'client backend' AND state = 'active') AS active_sessions,
    (SELECT count(*) FROM here
      WHERE is_hidden OR state = 'active' OR state_change > clock_timestamp() - make_interval(secs => %(recent)s)
    ) AS others_at_work,
    (SELECT count(*) FROM other WHERE wait_event_type = 'Lock' AND datname = current_database()) AS lock_waiters,
    (SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0) FROM here)::float8
        AS oldest_transaction,
    CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') END::float8 AS wal_bytes,
    extract(epoch FROM clock_timestamp())::float8 AS at,
    pg_size_bytes(current_setting('max_wal_size'))::float8 AS max_wal_bytes,
    extract(epoch FROM current_setting('checkpoint_timeout')::interval)::float8 AS checkpoint_seconds,
    (SELECT 100.0 * sum(pg_stat_get_dead_tuples(relid)) / greatest(sum(pg_stat_get_live_tuples(relid)), 1)
       FROM (SELECT to_regclass(name)::oid FROM unnest(%(tables)s::text[]) AS t(name)) AS tables(relid)
    )::float8 AS dead_tuples,
    (SELECT count(*) FROM pg_stat_progress_vacuum
      WHERE relid = ANY(SELECT to_regclass(name)::oid FROM unnest(%(tables)s::text[]) AS t(name))) AS vacuums
"""

# A standby that has replayed all there is has no lag, whatever its last measured one was; what replays nothing
# (pg_basebackup, pg_receivewal) has none to tell. Of slots, those in use: one that was left behind would hold a
# run up for ever.
LAGS = """
SELECT coalesce(nullif(application_name, ''), client_addr::text, 'pid ' || pid),
       CASE WHEN replay_lsn >= pg_current_wal_lsn() THEN 0
            WHEN replay_lsn IS NOT NULL THEN coalesce(extract(epoch FROM replay_lag), 0) END::float8,
       pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::float8, state IS NULL
  FROM pg_stat_replication WHERE NOT pg_is_in_recovery()
UNION ALL
SELECT 'slot ' || slot_name, NULL, pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::float8, false
  FROM pg_replication_slots WHERE slot_type = 'logical' AND active AND NOT pg_is_in_recovery()
"""


class PostgreSQLLoad(Database):
    """The part of ``PostgreSQL`` that the gauges ask."""

    has_sessions = True

    def own_session(self) -> int | None:
        connection = self.connection.connection
        if connection is None or connection.closed or self.is_pooled:
            return None
        return int(connection.info.backend_pid)

    def load_figures(self, tables: Sequence[str], own: Collection[int]) -> dict[str, Any]:
        params: dict[str, Any] = {
            "own": list(own),
            "tables": list(tables),
            "recent": AT_WORK_SECONDS,
        }
        with self.brief(), self.connection.cursor() as cursor:
            cursor.execute(FIGURES, params)
            names = [column[0] for column in cursor.description]
            found = cursor.fetchone()
        assert found is not None, "a SELECT of figures has a row"
        return dict(zip(names, found, strict=True))

    def replica_lags(self) -> list[Lag]:
        with self.brief():
            return [Lag(name, seconds, size, hidden) for name, seconds, size, hidden in self.rows(LAGS)]

    def data_directory(self) -> str | None:
        if not self.is_local:
            return None
        found: str | None = self.value(
            "SELECT CASE WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN current_setting('data_directory') END"
        )
        return found

    def long_transactions(self, tables: Sequence[str], seconds: float) -> list[tuple[str, str]]:
        found = self.rows(
            "SELECT DISTINCT named.name, pid, coalesce(a.state, 'hidden'),"
            " extract(epoch FROM clock_timestamp() - a.xact_start)::int FROM unnest(%s::text[]) AS named(name)"
            " JOIN pg_locks AS l ON l.relation = to_regclass(named.name) AND l.granted"
            " JOIN pg_stat_activity AS a USING (pid)"
            " WHERE pid <> pg_backend_pid() AND a.xact_start < clock_timestamp() - make_interval(secs => %s)",
            [list(tables), seconds],
        )
        return [(name, f"session {pid} ({state}, in its transaction for {age} s)") for name, pid, state, age in found]

    def planned_rows(self, sql: str, params: Sequence[Any]) -> int | None:
        found = self.value(f"EXPLAIN (FORMAT JSON) {sql}", params)
        plan = json.loads(found) if isinstance(found, str) else found
        return int(plan[0]["Plan"]["Plan Rows"])

    def average_widths(self, table: str, columns: Sequence[str]) -> dict[str, float]:
        found = self.rows(
            "SELECT s.attname, s.avg_width FROM pg_stats AS s JOIN pg_class AS c ON c.relname = s.tablename"
            " JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = s.schemaname"
            " WHERE c.oid = to_regclass(%s) AND s.attname = ANY(%s)",
            [table, list(columns)],
        )
        return {str(name): float(width) for name, width in found}

    @property
    def is_pooled(self) -> bool:
        # Django's own sign of a transaction-pooling proxy: a backend's pid says nothing about its client then.
        return bool(self.connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"))

    @property
    def is_local(self) -> bool:
        connection = self.connection.connection
        if connection is not None and not connection.closed:  # it knows of PGHOST and of services too
            host = str(connection.info.host)
        else:
            host = str(self.connection.settings_dict.get("HOST") or "")
        return host in ("", "localhost", "127.0.0.1", "::1") or host.startswith("/")

    @contextmanager
    def brief(self) -> Iterator[None]:
        with transaction.atomic(using=self.alias):
            self.execute(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'")
            yield
