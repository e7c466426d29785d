"""What the formats are asked to write: findings of every level, beside accepted ones."""

import pytest

from reversible_migrations.lint.registry import own_rules
from tests.lint.reading import INITIAL

SECOND = """
class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.RunSQL("UPDATE shop_product SET price = 1"),
        migrations.RemoveField(
            "Product", "price"
        ),
        migrations.RunSQL("DROP VIEW a"),  # reversible: ignore RM102 -- the view is made anew at night
    ]
"""
SHOP = {"shop/migrations/0001_initial.py": INITIAL, "shop/migrations/0002_x.py": SECOND}


@pytest.fixture
def shop(written, monkeypatch, tmp_path, settings):
    """A folder with two migrations: an error and a warning in the second, and one finding that is accepted."""
    others = {rule.code: "off" for rule in own_rules() if rule.code not in ("RM102", "RM105")}
    settings.REVERSIBLE_MIGRATIONS = {"LINT": {"LEVELS": others}}
    monkeypatch.chdir(written(SHOP))
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path
