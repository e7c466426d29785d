"""Migration files of each kind under Django's own commands, forwards and backwards."""

import io
import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.recorder import MigrationRecorder

from reversible_migrations.exceptions import MissingJournal
from reversible_migrations.models import Run
from tests.situations.kiosk import migrations as kiosk_migrations
from tests.situations.running import backwards, forwards, killed_at, patch_of, statements_of
from tests.situations.snapshots import journal_tables, snapshot

pytestmark = [pytest.mark.usefixtures("kiosk")]

NEWEST = "0005_fields"


def migrate(target, **options):
    out = io.StringIO()
    call_command("migrate", "kiosk", target, stdout=out, stderr=out, verbosity=1, no_color=True, **options)
    return out.getvalue()


def command(*arguments, **options):
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=out, no_color=True, **options)
    return out.getvalue()


def applied():
    return sorted(name for app, name in MigrationRecorder(connection).applied_migrations() if app == "kiosk")


@pytest.fixture
def kiosk(shop):
    """The kiosk after its first migration, with three papers; at its newest one again afterwards."""
    Run.objects.all().delete()
    call_command("migrate", "kiosk", NEWEST, fake=True, verbosity=0)
    _rebuild()
    with connection.cursor() as cursor:
        for number, price, pages in ((1, 5, None), (2, 15, 30), (3, 25, None)):
            cursor.execute(
                "INSERT INTO kiosk_paper (id, title, price, pages) VALUES (%s, %s, %s, %s)",
                [number * 10, f"paper {number}", price, pages],
            )
    yield
    connection.close()
    _rebuild()
    Run.objects.all().delete()
    call_command("migrate", "kiosk", NEWEST, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM kiosk_paper")


def _rebuild():
    """Make the table as the first migration makes it."""
    Run.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS kiosk_paper")
    call_command("migrate", "kiosk", "zero", fake=True, verbosity=0)
    Run.objects.all().delete()
    call_command("migrate", "kiosk", "0001_initial", verbosity=0)


@pytest.mark.parametrize("target", ["0002_dearer", "0003_atomic", "0004_not_atomic", "0005_fields"])
def test_migrate_goes_there_and_back_to_the_start(target):
    start = snapshot("kiosk.Paper")

    migrate(target)
    assert applied()[-1] == target
    assert snapshot("kiosk.Paper") != start
    migrate("0001_initial")

    assert applied() == ["0001_initial"]
    assert snapshot("kiosk.Paper") == start


def test_each_migration_is_undone_to_where_it_began():
    states = [snapshot("kiosk.Paper")]
    names = ["0001_initial", "0002_dearer", "0003_atomic", "0004_not_atomic", "0005_fields"]
    for name in names[1:]:
        migrate(name)
        states.append(snapshot("kiosk.Paper"))

    for name, state in reversed(list(zip(names[:-1], states[:-1], strict=True))):
        migrate(name)
        assert snapshot("kiosk.Paper") == state, name


@pytest.mark.parametrize("target", ["0002_dearer", "0003_atomic", "0004_not_atomic", "0005_fields"])
@pytest.mark.parametrize("share", [0.4, 0.8])
def test_a_killed_migrate_is_gone_on_with_or_undone(target, share):
    migrate({"0003_atomic": "0002_dearer", "0004_not_atomic": "0003_atomic"}.get(target, "0001_initial"))
    before = applied()[-1]
    start = snapshot("kiosk.Paper")
    whole = statements_of(migrate, target)
    end = _without_keys(snapshot("kiosk.Paper"))
    back = statements_of(migrate, before)
    assert snapshot("kiosk.Paper") == start

    killed_at(int(whole * share), migrate, target)
    migrate(target)
    assert _without_keys(snapshot("kiosk.Paper")) == end
    killed_at(int(back * share), migrate, before)
    migrate(before)

    assert snapshot("kiosk.Paper") == start
    assert applied()[-1] == before


def _without_keys(found):
    """Keys of created rows differ from run to run, because sequences are not moved back."""
    [(columns, rows)] = found.values()
    start = 2 if connection.vendor == "sqlite" else None
    return columns, sorted(row[start:] if start else (row[0].partition(",")[2],) for row in rows)


def test_plan_and_showmigrations_describe_and_change_nothing():
    start = snapshot()

    plan = migrate("0004_not_atomic", plan=True)
    shown = command("showmigrations", "kiosk")

    assert "ReversibleDataPatch: patch()" in plan
    assert "Update pages of Paper rows (recorded, undone from the record)" in plan
    assert "[X] 0001_initial" in shown
    assert "[ ] 0002_dearer" in shown
    assert snapshot() == start
    assert not Run.objects.exists()


@pytest.mark.parametrize("name", ["0002_dearer", "0003_atomic", "0004_not_atomic", "0005_fields"])
def test_sqlmigrate_says_what_will_be_done_and_runs_nothing(name):
    start = snapshot()

    text = command("sqlmigrate", "kiosk", name)

    assert "recorded" in text or "patch()" in text
    assert snapshot() == start
    assert not Run.objects.exists()


def test_makemigrations_sees_no_change():
    command("makemigrations", "kiosk", "shop", check=True, dry_run=True)


def test_fake_runs_nothing_and_undoing_it_says_so():
    start = snapshot("kiosk.Paper")

    migrate("0002_dearer", fake=True)

    assert snapshot("kiosk.Paper") == start
    assert journal_tables() == []
    with pytest.raises(MissingJournal, match="--fake"):
        migrate("0001_initial")
    migrate("0001_initial", fake=True)
    assert applied() == ["0001_initial"]


def test_unapplied_by_fake_and_applied_again_it_runs_anew():
    migrate("0002_dearer")
    migrate("0001_initial", fake=True)
    start = snapshot("kiosk.Paper")

    migrate("0002_dearer")

    assert snapshot("kiosk.Paper") != start
    migrate("0001_initial")
    assert snapshot("kiosk.Paper") == start


def test_squashmigrations_says_what_it_cannot_fold_and_leaves_no_file(settings, tmp_path, monkeypatch):
    folder = shutil.copytree(Path(kiosk_migrations.__file__).parent, tmp_path / "kiosk_to_squash")
    monkeypatch.syspath_prepend(tmp_path)
    settings.MIGRATION_MODULES = {"kiosk": "kiosk_to_squash"}
    before = set(folder.glob("*.py"))

    with pytest.raises(CommandError, match=r"0002_dearer.*patch\(\).*cannot be folded.*Nothing was written"):
        command("squashmigrations", "kiosk", "0001", "0003", interactive=False)

    assert set(folder.glob("*.py")) == before


def test_an_irreversible_migration_says_why():
    patch = patch_of(lambda apps, patch: None, irreversible="the old prices were wrong")
    forwards(patch)

    with pytest.raises(IrreversibleError, match=r"the old prices were wrong\. Nothing was undone"):
        backwards(patch)


class NoKiosk:
    """A router that keeps the kiosk's rows away."""

    def allow_migrate(self, db, app_label, **hints):
        return False if app_label == "kiosk" else None


def test_a_router_that_says_no_is_heard(settings):
    start = snapshot("kiosk.Paper")
    settings.DATABASE_ROUTERS = [NoKiosk()]

    migrate("0004_not_atomic")

    assert snapshot("kiosk.Paper") == start
    assert journal_tables() == []
    migrate("0001_initial")
    assert applied() == ["0001_initial"]


def test_a_killed_atomic_migration_leaves_nothing():
    migrate("0002_dearer")
    start = snapshot("kiosk.Paper")
    whole = statements_of(migrate, "0003_atomic")
    migrate("0002_dearer")
    before = set(journal_tables())

    assert killed_at(int(whole * 0.7), migrate, "0003_atomic")

    assert snapshot("kiosk.Paper") == start
    assert set(journal_tables()) == before
