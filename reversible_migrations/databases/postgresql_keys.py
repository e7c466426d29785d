"""Where the keys of PostgreSQL's tables lie, and what gives out the next ones."""

from collections.abc import Sequence

from .base import Database, Key

FEW_KEYS = 10_000  # that a sequence steps over one by one
SAMPLED_PAGES = 200  # of a table whose statistics are missing or old: about 2 MB


class PostgreSQLKeys(Database):
    """The part of ``PostgreSQL`` that cuts tables into key ranges, and looks after sequences."""

    def known_quantiles(self, table: str, keys: Sequence[str], parts: int) -> list[Key]:
        return _quantiles(self._histogram(table, keys[0]), parts) if len(keys) == 1 else []

    def sampled_quantiles(self, table: str, keys: Sequence[str], parts: int) -> list[Key]:
        return _quantiles(self._sampled_keys(table, keys), parts)

    def _histogram(self, table: str, key: str) -> list[Key]:
        """Return the bounds of the planner's histogram of a column: as many rows lie between any two."""
        type_ = self.literal(self.columns(table)[key].type)
        bounds = self.rows(
            f"SELECT unnest(histogram_bounds::text::{type_}[])::text FROM pg_stats AS s"
            " JOIN pg_namespace AS n ON n.nspname = s.schemaname"
            " JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.tablename"
            " WHERE c.oid = to_regclass(%s) AND s.attname = %s AND NOT s.inherited AND c.reltuples > 0",
            [table, key],
        )
        return [list(bound) for bound in bounds]

    def _sampled_keys(self, table: str, keys: Sequence[str]) -> list[Key]:
        names = [self.column(table, key) for key in keys]
        size = self.value("SELECT pg_relation_size(to_regclass(%s)) / current_setting('block_size')::int", [table])
        percent = min(100.0, 100.0 * SAMPLED_PAGES / max(int(size or 0), 1))
        found = self.rows(
            f"SELECT {', '.join(self.key_value(name) for name in names)} FROM {table}"
            f" TABLESAMPLE SYSTEM ({percent:f}) ORDER BY {', '.join(names)}"
        )
        return [list(key) for key in found]

    def skip_keys(self, table: str, column: str, greatest: int) -> None:
        found = self.row(
            "SELECT given, seqincrement FROM pg_get_serial_sequence(%s, %s) AS given"
            " JOIN pg_sequence ON seqrelid = given::regclass WHERE has_sequence_privilege(given, 'UPDATE')",
            [table, column],
        )
        if found is None or found[1] < 0:
            return
        sequence, step = found
        # The last few are taken one by one, as others take theirs: setval might go back behind a key of theirs.
        self.execute(
            "SELECT CASE WHEN (%s - taken) / %s > %s THEN setval(%s, %s)"
            " ELSE (SELECT max(nextval(%s)) FROM generate_series(taken + 1, %s, %s)) END"
            f" FROM (SELECT last_value - CASE WHEN is_called THEN 0 ELSE %s END AS taken FROM {sequence}) AS now"
            " WHERE taken < %s",
            [greatest, step, FEW_KEYS, sequence, greatest, sequence, greatest, step, step, greatest],
        )


def _quantiles(keys: list[Key], parts: int) -> list[Key]:
    """Return the keys that cut the ordered ``keys`` into equal parts; none if there are too few of them."""
    step = len(keys) / parts
    return [keys[round(step * n)] for n in range(1, parts)] if step >= 2 else []
