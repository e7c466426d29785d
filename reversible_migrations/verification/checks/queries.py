"""The queries that migrations declare in ``verify``: their answers, times and plans."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...authoring.verify_query import AFTER, BEFORE, Measured, VerifyQuery, measure, queries_of, recorded
from ...models import Run
from ...runs.run import latest_runs
from ..check import Check
from ..finding import Finding, error, info, unchecked, warning
from ..scope import Scope

SLOWER = 2.0  # times as long as before the migration
NOTABLE_SECONDS = 0.05  # less than that is no matter, however many times it is


@dataclass(frozen=True)
class Declared:
    """A declared query, with the newest runs of its migration: of each phase, the last one first."""

    migration: str
    query: VerifyQuery
    runs: list[Run]

    def measured(self, moment: str, alias: str) -> Measured | None:
        """Return what was measured before the first phase, or behind the last."""
        if not self.runs:
            return None
        run = self.runs[-1] if moment == BEFORE else self.runs[0]
        found: Measured | None = recorded(run, alias, moment).get(self.query.name)
        return found


class Queries(Check[Declared]):
    """
    Prove that declared queries answer as expected, in time, and no slower than before their migration.

    Runs each query once to three times, for 30 s at most. Where only cheap checks are made, what was measured at the
    end of the migration counts, and nothing is run.
    """

    name, title, things, reads_by_itself = "queries", "Declared queries", "queries", True

    def find(self, scope: Scope) -> list[Declared]:
        return [
            Declared(str(migration), query, latest_runs(migration.app_label, migration.name, scope.alias))
            for migration in scope.applied
            for query in queries_of(migration)
        ]

    def where(self, thing: Declared) -> str:
        return f"{thing.migration}, {thing.query.name}"

    def examine(self, thing: Declared, scope: Scope) -> Iterator[Finding]:
        before, after = thing.measured(BEFORE, scope.alias), thing.measured(AFTER, scope.alias)
        now = after if scope.cheap_only else measure(thing.query, scope.db)
        if now is None:
            yield unchecked(self.where(thing), "it was not measured at the end of its migration")
            return
        if now.fault:
            yield unchecked(self.where(thing), now.fault, "Does the query still fit the schema?")
            return
        yield from self._declared(thing, before, after or now, now)
        if before is not None and not before.fault:
            yield from self._compared(self.where(thing), before, now)

    def _declared(self, thing: Declared, before: Measured | None, after: Measured, now: Measured) -> Iterator[Finding]:
        where, query = self.where(thing), thing.query
        if query.max_seconds is not None and now.seconds > query.max_seconds:
            text = f"took {now.seconds:.3f} s, and may take {query.max_seconds:g} s."
            yield error(where, text, "Look at its plan with EXPLAIN ANALYZE.", seconds=now.seconds)
        if now.is_expected is False:
            yield error(where, "does not answer what is expected.", f"Run it by hand: {query.sql.strip()}")
        if query.same_before_and_after:
            if before is None or before.fault:
                yield unchecked(where, "it was not measured before its migration")
            elif before.digest != after.digest:
                text = (
                    f"answered otherwise after the migration than before it ({before.rows:,} and {after.rows:,} rows)."
                )
                yield error(where, text, "See what the migration changed: `manage.py migration_status`.")

    def _compared(self, where: str, before: Measured, now: Measured) -> Iterator[Finding]:
        facts: dict[str, Any] = {
            "seconds_before": before.seconds,
            "seconds": now.seconds,
            "plan_before": before.plan,
            "plan": now.plan,
        }
        has_other_plan = before.plan != now.plan
        plan = f" Its plan was: {'; '.join(before.plan)}; it is: {'; '.join(now.plan)}." if has_other_plan else ""
        ratio = now.seconds / max(before.seconds, 1e-6)
        if ratio > SLOWER and now.seconds - before.seconds > NOTABLE_SECONDS:
            text = f"takes {ratio:.1f} times as long as before the migration ({now.seconds:.3f} s).{plan}"
            yield warning(where, text, "Is an index missing, or are the table's statistics old (ANALYZE)?", **facts)
        elif has_other_plan:
            yield info(where, f"has another plan than before the migration.{plan}", **facts)
