"""A window, limits or gauges that make no sense are found before anything runs."""

import pytest
from django.test import override_settings

from reversible_migrations.checks import check_settings
from reversible_migrations.exceptions import RefusedOption
from reversible_migrations.models import Run
from tests.situations.fixtures import shop, transactional_db
from tests.situations.running import forwards, patch_of

__all__ = ["shop", "transactional_db"]

BAD = {
    "WINDOW": ("25:00-03:00", "25:00"),
    "LIMITS": ({"cpu": "much"}, "must be a number"),
    "PACE": ("quick", "must be one of adaptive, fixed"),
    "PARALLEL": (0, "must be 1 or more"),
    "BATCH_SIZE": ("many", "must be int or None, not str"),
}


@pytest.mark.parametrize("name", [*BAD, "GAUGES"])
def test_a_bad_setting_is_found_at_start_up(name):
    value, words = BAD.get(name, (["no.such.Gauge"], "cannot be imported"))

    with override_settings(REVERSIBLE_MIGRATIONS={name: value}):
        (error,) = check_settings()

    assert name in error.msg
    assert words in error.msg


@pytest.mark.parametrize("name", BAD)
def test_a_bad_attribute_of_a_migration_is_refused_before_it_runs(shop, name):
    value, words = BAD[name]

    with pytest.raises(RefusedOption) as refused:
        forwards(patch_of(lambda apps, patch: None, **{name.lower(): value}))

    assert words in str(refused.value)
    assert name.lower() in str(refused.value)
    assert not Run.objects.exists()
