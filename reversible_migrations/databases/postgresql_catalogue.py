"""What PostgreSQL's catalogue says when it is verified. Reading transactions are rolled back at their end."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from .catalogue import BrokenIndex, Catalogue, ForeignKey, KeySequence, LooseConstraint, Recorder, journal_of_recorder

LOCK_SECONDS = 1  # a reader that waits behind an ALTER TABLE gives up, and says so
BLOCKS_AT_ONCE = 4_096  # of 8 kB: rows of 32 MB are looked at by one statement
BROKEN_OFF = {"57014", "55P03"}  # statement timeout, lock timeout
OF_THIS_USE = "nspname = ANY (current_schemas(false))"

# A name as Django quotes it, with its schema where the search path does not find it.
NAME = """CASE WHEN pg_table_is_visible({0}.oid) THEN '' ELSE '"' || replace({1}.nspname, '"', '""') || '".' END
    || '"' || replace({0}.relname, '"', '""') || '"'"""
TABLE = NAME.format("t", "tn")

INDEXES = f"""
SELECT {TABLE}, i.relname, x.indisunique, i.relkind = 'I', p.pid IS NOT NULL,
       quote_ident(n.nspname) || '.' || quote_ident(i.relname),
       i.relname ~ '_ccnew[0-9]*$' OR i.relname ~ '_ccold[0-9]*$'
  FROM pg_index AS x
  JOIN pg_class AS i ON i.oid = x.indexrelid JOIN pg_namespace AS n ON n.oid = i.relnamespace
  JOIN pg_class AS t ON t.oid = x.indrelid JOIN pg_namespace AS tn ON tn.oid = t.relnamespace
  LEFT JOIN pg_stat_progress_create_index AS p ON p.index_relid = i.oid AND p.datname = current_database()
 WHERE NOT (x.indisvalid AND x.indisready AND x.indislive) AND tn.{OF_THIS_USE} ORDER BY 1, 2
"""
CONSTRAINTS = f"""
SELECT {TABLE}, c.conname, c.contype::text,
       format('ALTER TABLE %%I.%%I VALIDATE CONSTRAINT %%I', tn.nspname, t.relname, c.conname)
  FROM pg_constraint AS c
  JOIN pg_class AS t ON t.oid = c.conrelid JOIN pg_namespace AS tn ON tn.oid = t.relnamespace
 WHERE NOT c.convalidated AND c.conparentid = 0 AND tn.{OF_THIS_USE} ORDER BY 1, 2
"""
KINDS = {"f": "foreign key", "c": "check", "n": "not null"}


def columns(relation: str, numbers: str) -> str:
    return (
        f"(SELECT array_agg(attname::text ORDER BY place) FROM unnest({numbers}) WITH ORDINALITY AS u(num, place)"
        f" JOIN pg_attribute ON attrelid = {relation} AND attnum = num)"
    )


# A foreign key is enforced by triggers on both of its tables: disabled, they check nothing.
FOREIGN_KEYS = f"""
SELECT {TABLE}, c.conname, {columns("c.conrelid", "c.conkey")}, {NAME.format("f", "fn")},
       {columns("c.confrelid", "c.confkey")},
       NOT EXISTS (SELECT FROM pg_trigger WHERE tgconstraint = c.oid AND tgenabled IN ('D', 'R')),
       coalesce((SELECT string_agg(DISTINCT format('ALTER TABLE %%s ENABLE TRIGGER ALL', tgrelid::regclass), '; ')
          FROM pg_trigger WHERE tgconstraint = c.oid AND tgenabled IN ('D', 'R')), '')
  FROM pg_constraint AS c
  JOIN pg_class AS t ON t.oid = c.conrelid JOIN pg_namespace AS tn ON tn.oid = t.relnamespace
  JOIN pg_class AS f ON f.oid = c.confrelid JOIN pg_namespace AS fn ON fn.oid = f.relnamespace
 WHERE c.contype = 'f' AND c.conparentid = 0 AND tn.{OF_THIS_USE} ORDER BY 1, 2
"""
SEQUENCES = f"""
SELECT quote_ident(n.nspname) || '.' || quote_ident(s.relname), {TABLE}, a.attname,
       EXISTS (SELECT FROM pg_index WHERE indrelid = t.oid AND indkey[0] = a.attnum AND indisvalid AND indpred IS NULL),
       has_table_privilege(t.oid, 'SELECT') AND has_sequence_privilege(s.oid, 'SELECT'),
       format('SELECT setval(%%L, (SELECT %%s(%%I) FROM %%I.%%I))', quote_ident(n.nspname) || '.'
              || quote_ident(s.relname), CASE WHEN q.seqincrement > 0 THEN 'max' ELSE 'min' END, a.attname,
              tn.nspname, t.relname)
  FROM pg_class AS s JOIN pg_namespace AS n ON n.oid = s.relnamespace JOIN pg_sequence AS q ON q.seqrelid = s.oid
  JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.deptype IN ('a', 'i')
   AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
  JOIN pg_class AS t ON t.oid = d.refobjid JOIN pg_namespace AS tn ON tn.oid = t.relnamespace
  JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
 WHERE s.relkind = 'S' AND NOT q.seqcycle AND tn.{OF_THIS_USE} ORDER BY 2, 3
"""
RECORDERS = f"""
SELECT 'trigger', g.tgname::text, {TABLE},
       format('DROP TRIGGER %%I ON %%I.%%I', g.tgname, tn.nspname, t.relname)
  FROM pg_trigger AS g
  JOIN pg_class AS t ON t.oid = g.tgrelid JOIN pg_namespace AS tn ON tn.oid = t.relnamespace
 WHERE NOT g.tgisinternal AND g.tgname LIKE 'rm\\_journal\\_%%' AND tn.{OF_THIS_USE}
UNION ALL
SELECT 'function', p.proname::text, '', format('DROP FUNCTION %%I.%%I()', n.nspname, p.proname)
  FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
 WHERE p.proname LIKE 'rm\\_journal\\_%%' AND p.pronargs = 0 AND n.{OF_THIS_USE} ORDER BY 1 DESC, 2
"""
LEAVES = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname),
       pg_relation_size(c.oid) / current_setting('block_size')::int
  FROM pg_partition_tree(to_regclass(%s)) AS p JOIN pg_class AS c ON c.oid = p.relid
  JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE p.isleaf ORDER BY 1
"""
# Schemas that the search path names and this role may not look into: what is missing may be in one of them.
CLOSED_SCHEMAS = """
SELECT count(*) FROM unnest(string_to_array(current_setting('search_path'), ',')) AS named(name)
  JOIN pg_namespace ON nspname = CASE trim(both ' "' FROM name) WHEN '$user' THEN current_user::text
                                 ELSE trim(both ' "' FROM name) END
 WHERE NOT has_schema_privilege(oid, 'USAGE')
"""


class PostgreSQLCatalogue(Catalogue):
    @contextmanager
    def reading(self, seconds: float) -> Iterator[None]:
        with transaction.atomic(using=self.db.alias):
            self.db.execute("SET TRANSACTION READ ONLY")
            for name, limit in (("statement_timeout", seconds), ("lock_timeout", LOCK_SECONDS)):
                self.db.value("SELECT set_config(%s, %s, true)", [name, f"{round(limit * 1000)}ms"])
            yield
            transaction.set_rollback(True, using=self.db.alias)  # inside a caller's transaction this undoes the above

    def is_broken_off(self, error: BaseException) -> bool:
        return getattr(error.__cause__, "sqlstate", None) in BROKEN_OFF

    def tables_named(self, prefix: str) -> list[str]:
        found = self.db.rows(
            "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND pg_table_is_visible(oid)"
            " AND starts_with(relname, %s) ORDER BY relname",
            [prefix],
        )
        return [name for (name,) in found]

    def columns_named(self, prefix: str) -> list[tuple[str, str]]:
        found = self.db.rows(
            f"SELECT {TABLE}, attname::text FROM pg_attribute JOIN pg_class AS t ON t.oid = attrelid"
            f" JOIN pg_namespace AS tn ON tn.oid = t.relnamespace WHERE t.relkind IN ('r', 'p') AND attnum > 0"
            f" AND NOT attisdropped AND starts_with(attname, %s) AND tn.{OF_THIS_USE} ORDER BY 1, 2",
            [prefix],
        )
        return [(table, column) for table, column in found]

    def known_as(self, table: str) -> str:
        if '"."' not in table:
            return table
        found = self.db.value(
            f"SELECT {TABLE} FROM pg_class AS t JOIN pg_namespace AS tn ON tn.oid = t.relnamespace"
            " WHERE t.oid = to_regclass(%s)",
            [table],
        )
        return str(found or table)

    def is_hidden(self, table: str) -> bool:
        return not self.db.has_table(table) and bool(self.db.value(CLOSED_SCHEMAS))

    def may_read(self, table: str) -> bool:
        return self.db.value("SELECT has_table_privilege(to_regclass(%s)::oid, 'SELECT')", [table]) is not False

    def broken_indexes(self) -> list[BrokenIndex]:
        return [
            BrokenIndex(
                table, name, is_unique, is_being_built, self._rebuild(full, is_partitioned, is_leftover)
            )
            for table, name, is_unique, is_partitioned, is_being_built, full, is_leftover in self.db.rows(INDEXES)
        ]  # fmt: skip

    def _rebuild(self, name: str, is_partitioned: bool, is_leftover: bool) -> str:
        if is_leftover:  # of an interrupted REINDEX CONCURRENTLY; the index itself is there
            return f"DROP INDEX CONCURRENTLY {name}"
        if is_partitioned:  # valid once there is one on every partition
            return f"ALTER INDEX {name} ATTACH PARTITION ..."
        return f"REINDEX INDEX CONCURRENTLY {name}"

    def loose_constraints(self) -> list[LooseConstraint]:
        return [
            LooseConstraint(table, name, KINDS.get(kind, "constraint"), validate)
            for table, name, kind, validate in self.db.rows(CONSTRAINTS)
        ]

    def foreign_keys(self) -> list[ForeignKey]:
        return [
            ForeignKey(table, name, tuple(own), target, tuple(other), is_enforced, enforce)
            for table, name, own, target, other, is_enforced, enforce in self.db.rows(FOREIGN_KEYS)
        ]

    def dangling(self, key: ForeignKey, seconds: float) -> Iterator[int]:
        """Look at all rows, some thousand blocks at a time: that needs no key, and each part takes as long."""
        own = [f"child.{self.db.literal(quoted(name))}" for name in key.columns]
        other = [f"parent.{self.db.literal(quoted(name))}" for name in key.target_columns]
        filled = " AND ".join(f"{name} IS NOT NULL" for name in own)
        met = " AND ".join(f"{a} = {b}" for a, b in zip(own, other, strict=True))
        absent = f"NOT EXISTS (SELECT FROM {self.db.literal(key.target)} AS parent WHERE {met})"
        for leaf, blocks in self._leaves(key.table):
            for first in range(0, int(blocks) + 1, BLOCKS_AT_ONCE):
                with self.reading(seconds):
                    found = self.db.value(
                        f"SELECT count(*) FROM {self.db.literal(leaf)} AS child"
                        f" WHERE ctid >= %s::tid AND ctid < %s::tid AND {filled} AND {absent}",
                        [f"({first},0)", f"({first + BLOCKS_AT_ONCE},0)"],
                    )
                yield int(found or 0)

    def _leaves(self, table: str) -> list[tuple[Any, ...]]:
        """Return the tables that hold the rows of ``table``: itself, or its partitions; each with its blocks."""
        with self.reading(LOCK_SECONDS):
            own = "SELECT %s, pg_relation_size(to_regclass(%s)) / current_setting('block_size')::int"
            return self.db.rows(LEAVES, [table]) or self.db.rows(own, [table, table])

    def key_sequences(self) -> list[KeySequence]:
        return [KeySequence(*found) for found in self.db.rows(SEQUENCES)]

    def behind(self, sequence: KeySequence) -> int:
        # In one statement: the rows are those of its beginning, the sequence is read as it is then or later.
        column, table = self.db.literal(quoted(sequence.column)), self.db.literal(sequence.table)
        found = self.db.row(
            "WITH settings AS (SELECT seqincrement AS step FROM pg_sequence WHERE seqrelid = to_regclass(%s)),"
            f" ends AS (SELECT max({column})::numeric AS greatest, min({column})::numeric AS least FROM {table})"
            " SELECT CASE WHEN step > 0 THEN greatest - upcoming + 1 ELSE upcoming - least + 1 END"
            f" FROM settings, ends, (SELECT last_value + CASE WHEN is_called THEN step ELSE 0 END AS upcoming"
            f" FROM {self.db.literal(sequence.name)}, settings) AS s",
            [sequence.name],
        )
        return max(0, int(found[0])) if found is not None and found[0] is not None else 0

    def recorders(self) -> list[Recorder]:
        return [Recorder(*found) for found in self.db.rows(RECORDERS) if journal_of_recorder(found[1])]

    def is_same_type(self, expected: str, found: str) -> bool | None:
        base, size, array = parts_of(expected)
        known = self.db.value("SELECT to_regtype(%s)::text", [base])
        if known is None:
            return None
        known_base, known_size, known_array = parts_of(found)
        return (known, size, array) == (known_base, known_size, known_array)

    def plan(self, sql: str) -> list[str]:
        found = self.db.value(f"EXPLAIN (FORMAT JSON) {self.db.literal(sql)}")
        return plan_steps((json.loads(found) if isinstance(found, str) else found)[0]["Plan"])


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def parts_of(type_: str) -> tuple[str, str, bool]:
    """Return the name of a type, its size without spaces, and whether it is an array: numeric, 10,2, False."""
    is_array = type_.endswith("]")
    type_ = re.sub(r"(\[\d*\])+$", "", type_)
    size = re.search(r"\(([^)]*)\)", type_)
    name = re.sub(r"\s*\([^)]*\)", "", type_).strip()
    return name, "" if size is None else size[1].replace(" ", ""), is_array


def plan_steps(node: Mapping[str, Any]) -> list[str]:
    """Return the kinds of a plan's nodes, the outermost first, with the tables and indexes they read."""
    table = f" on {node['Relation Name']}" if "Relation Name" in node else ""
    index = f" by {node['Index Name']}" if "Index Name" in node else ""
    found = [f"{node['Node Type']}{table}{index}"]
    for inner in node.get("Plans", ()):
        found += plan_steps(inner)
    return found
