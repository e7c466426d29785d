"""On a healthy database no check says anything."""

import pytest

from reversible_migrations.verification import verify
from tests.management.test_safe_rollback import migrate
from tests.verification.faults import reset_sequences


@pytest.mark.usefixtures("library")
class TestHealthy:
    def test_nothing_is_found(self):
        migrate("0002")
        reset_sequences()

        report = verify("default", rows=True, conflicts=True)

        assert [f for r in report.results for f in r.findings if r.name not in ("runs", "readiness")] == []
        assert {result.name: result.sampled for result in report.results if result.sampled} == {}

    def test_all_of_it_is_looked_at(self):
        migrate("0002")

        looked_at = {result.name: result.looked_at for result in verify("default", rows=True).results}

        assert looked_at["journals"] == 4
        assert looked_at["schema"] > 40
        assert looked_at["foreign-keys"] == looked_at["references"] > 40
