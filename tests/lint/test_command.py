"""The command, its formats, baselines, git references, and the system checks."""

import json
import subprocess
import sys
from io import StringIO

import pytest
from django.core.checks import run_checks
from django.core.management import call_command

from reversible_migrations.checks import check_settings
from reversible_migrations.exceptions import CannotLint
from tests.docs.pages import ROOT
from tests.lint.reading import INITIAL

SECOND = """
class Migration(migrations.Migration):
    atomic = False
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.RunSQL("UPDATE shop_product SET price = 1 WHERE id = 1"),
        migrations.RemoveField("Product", "price"),
    ]
"""
SHOP = {"shop/migrations/0001_initial.py": INITIAL, "shop/migrations/0002_x.py": SECOND}


@pytest.fixture
def shop(written, monkeypatch, settings):
    """Return a folder of migrations, with the rules that these tests are not about switched off."""
    settings.REVERSIBLE_MIGRATIONS = {"LINT": {"LEVELS": {"RM211": "off", "RM215": "off"}}}
    folder = written(SHOP)
    monkeypatch.chdir(folder)
    return folder


def command(*arguments):
    """Return the exit status of ``check_reversibility`` and what it wrote."""
    output = StringIO()
    try:
        call_command("check_reversibility", *arguments, stdout=output)
    except SystemExit as stopped:
        return stopped.code, output.getvalue()
    return 0, output.getvalue()


def codes(*arguments):
    return [each["code"] for each in json.loads(command("--format", "json", *arguments)[1])["findings"]]


def test_text_has_the_place_the_harm_and_what_to_write(shop):
    assert command("--source", "shop") == (
        1,
        """\
shop/migrations/0002_x.py:10: error RM102 (irreversible-sql)
  shop.0002_x, operation 1: RunSQL(UPDATE) has no reverse: this migration cannot be undone.
    ops.RecordedSQL(..., models=["shop.Product"])

shop/migrations/0002_x.py:11: warning RM105 (removed-values)
  shop.0002_x, operation 2: shop_product loses the values of price: undo brings back an empty column.
    ops.RetireField("product", "price")

Found 1 error and 1 warning in 2 migrations.
""",
    )


def test_json_has_a_version_and_every_fact(shop):
    status, written = command("--source", "shop", "--format", "json", "--rule", "RM105")

    assert status == 0
    assert json.loads(written) == {
        "version": 1,
        "findings": [
            {
                "code": "RM105", "level": "warning", "app": "shop", "migration": "0002_x", "operation": "2",
                "message": "shop_product loses the values of price: undo brings back an empty column.",
                "hint": 'ops.RetireField("product", "price")',
                "path": str(shop / "shop/migrations/0002_x.py"), "line": 11,
            }
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "status"),
    [((), 1), (("--rule", "RM105"), 0), (("--rule", "RM105", "--fail-on", "warning"), 1), (("--rule", "RM201"), 0)],
)
def test_the_exit_status_is_that_of_the_level(arguments, status, shop):
    assert command("--source", "shop", *arguments)[0] == status


def test_nothing_found_is_said(shop):
    assert command("--source", "shop", "--rule", "RM201")[1] == "Found nothing in 2 migrations.\n"


class TestBaseline:
    def test_what_it_holds_is_accepted_wherever_it_moves_to(self, shop):
        assert command("--source", "shop", "--baseline", "known.json", "--write-baseline") == (
            0, "Found nothing in 2 migrations (2 accepted).\n",
        )  # fmt: skip

        moved = SECOND.replace(
            "        migrations.RunSQL(", "\n        # first\n        migrations.RunSQL(\n            "
        )
        rewrite(shop, moved)

        assert codes("--source", "shop", "--baseline", "known.json") == []

    def test_what_is_new_is_found(self, shop):
        command("--source", "shop", "--baseline", "known.json", "--write-baseline")

        rewrite(shop, SECOND.replace("price = 1", "price = 2"))

        assert codes("--source", "shop", "--baseline", "known.json") == ["RM102", "RM006"]

    def test_the_same_twice_is_accepted_once(self, shop):
        command("--source", "shop", "--baseline", "known.json", "--write-baseline")
        sql = 'migrations.RunSQL("UPDATE shop_product SET price = 1 WHERE id = 1"),\n'

        rewrite(shop, SECOND.replace(sql, sql + sql))

        assert codes("--source", "shop", "--baseline", "known.json") == ["RM102"]

    def test_an_entry_of_nothing_is_said_unless_its_rule_was_not_asked(self, shop):
        command("--source", "shop", "--baseline", "known.json", "--write-baseline")
        rewrite(shop, SECOND.replace('migrations.RemoveField("Product", "price"),', ""))

        assert codes("--source", "shop", "--baseline", "known.json") == ["RM006"]
        assert codes("--source", "shop", "--baseline", "known.json", "--rule", "RM102") == []

    @pytest.mark.parametrize(
        ("text", "said"),
        [(None, "cannot be read"), ("[]", "is no baseline"), ("{", "is no baseline"), ('{"version": 2}', "version 2")],
    )
    def test_a_file_that_is_none_is_refused(self, text, said, shop):
        if text is not None:
            (shop / "known.json").write_text(text)

        with pytest.raises(CannotLint, match=said):
            command("--source", "shop", "--baseline", "known.json")

    def test_one_has_to_be_named_to_be_written(self, shop):
        with pytest.raises(CannotLint, match="--write-baseline: has no file"):
            command("--source", "shop", "--write-baseline")


def rewrite(folder, text):
    path = folder / "shop/migrations/0002_x.py"
    path.write_text(path.read_text().partition("class Migration")[0] + text.lstrip())


class TestSince:
    @pytest.fixture
    def repository(self, shop):
        git("init", "--quiet", "--initial-branch=main")
        git("add", "shop/__init__.py", "shop/migrations/__init__.py", "shop/migrations/0001_initial.py")
        git("commit", "--quiet", "--message", "Begin")
        return shop

    def test_new_and_changed_files_only(self, repository):
        assert codes("--source", "shop", "--since", "HEAD") == ["RM102", "RM105"]  # not in git at all

        git("add", ".")
        git("commit", "--quiet", "--message", "Go on")

        assert codes("--source", "shop", "--since", "HEAD") == []
        assert codes("--source", "shop", "--since", "HEAD~1") == ["RM102", "RM105"]

        rewrite(repository, SECOND.replace("price = 1", "price = 2"))

        assert codes("--source", "shop", "--since", "HEAD") == ["RM102", "RM105"]

    @pytest.mark.parametrize("reference", ["nothing", "--output=ran"])
    def test_a_reference_that_there_is_not_is_refused(self, reference, repository):
        with pytest.raises(CannotLint, match="git knows no such reference"):
            command("--source", "shop", f"--since={reference}")

        assert not (repository / "ran").exists()

    def test_a_folder_that_is_no_repository_is_refused(self, shop, monkeypatch):
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(shop.parent))

        with pytest.raises(CannotLint, match="not a git repository"):
            command("--source", "shop", "--since", "HEAD")

    def test_a_machine_without_git_is_refused(self, shop, monkeypatch):
        monkeypatch.setenv("PATH", "")

        with pytest.raises(CannotLint, match="git cannot be run"):
            command("--source", "shop", "--since", "HEAD")


def git(*arguments):
    person = ["-c", "user.name=A Person", "-c", "user.email=person@example.com"]
    subprocess.run(["git", *person, *arguments], check=True, capture_output=True)


class TestWithoutAProject:
    def run(self, *arguments):
        program = [sys.executable, "-W", "error", "-m", "reversible_migrations.lint", *map(str, arguments)]
        return subprocess.run(program, capture_output=True, text=True, cwd=ROOT)

    def test_files_are_read_without_its_settings(self, shop, monkeypatch):
        monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "nothing_like_this")

        done = self.run(shop, "--fail-on", "error")

        assert (done.returncode, done.stderr) == (1, "")
        assert "Found 1 error, 2 warnings and 1 info in 2 migrations." in done.stdout

    def test_options_may_come_before_the_files(self, shop):
        done = self.run("--rule", "RM105", "--fail-on", "warning", *sorted((shop / "shop/migrations").glob("0*.py")))

        assert (done.returncode, done.stderr) == (1, "")
        assert "Found 1 warning in 2 migrations." in done.stdout

    def test_without_a_file_it_ends_with_2(self):
        done = self.run("--format", "json")

        assert done.returncode == 2
        assert "--source: has no file. Nothing was looked at." in done.stderr

    def test_what_cannot_be_run_ends_with_2(self, shop):
        done = self.run(shop / "nothing")

        assert done.returncode == 2
        assert "is not there. Nothing was looked at." in done.stderr


class TestSystemChecks:
    BAKERY = {
        "bakery/migrations/0001_initial.py": """
class Migration(migrations.Migration):
    operations = [migrations.RunSQL("DROP VIEW v")]
"""
    }

    @pytest.fixture
    def bakery(self, installed, settings):
        settings.BASE_DIR = installed(self.BAKERY, "bakery")

    def test_findings_are_checks_when_they_are_asked_for(self, bakery):
        (message,) = run_checks(tags=["reversible_migrations"], include_deployment_checks=True)

        assert message.id == "reversible_migrations.RM102"
        assert message.is_serious()
        assert "bakery.0001_initial" in str(message.obj)

    @pytest.mark.django_db  # a check of Django's own asks the database
    def test_a_start_of_a_server_does_not_read_all_migrations(self, bakery):
        assert [each for each in run_checks() if "RM" in each.id] == []
        assert [each for each in run_checks(databases=["default"]) if "RM" in each.id] == []

    def test_settings_that_are_at_fault_are_found_at_every_start(self, settings):
        settings.REVERSIBLE_MIGRATIONS = {"LINT": {"LEVELS": {"RM1033": "off"}}}

        (error,) = check_settings()

        assert error.id == "reversible_migrations.E006"
        assert "Did you mean 'RM103'?" in error.msg
