"""``--fix`` and ``--diff``: which files are written, how, and which are left alone."""

import os
import subprocess
import sys

import pytest
from django.core.management import call_command

from reversible_migrations.exceptions import CannotLint
from reversible_migrations.lint import fixing
from reversible_migrations.lint.checking import check_migrations
from tests.docs.pages import ROOT
from tests.lint.reading import INITIAL, migration

DROPPED = migration('migrations.RemoveField("Product", "price")')


def retired(text):
    kept = text.replace("migrations.RemoveField", "ops.RetireField")
    return kept.replace('"0001_initial")]', '"0001_initial"), ("reversible_migrations", "0001_initial")]')


RETIRED = retired(DROPPED)
BAKERY = {
    "bakery/migrations/0001_initial.py": """
class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Loaf", [("id", models.BigAutoField(primary_key=True)), ("price", models.TextField())]),
    ]
""",
    "bakery/migrations/0002_x.py": """
class Migration(migrations.Migration):
    dependencies = [("bakery", "0001_initial")]
    operations = [migrations.RemoveField("Loaf", "price")]
""",
}


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Return the file of a migration that drops a field."""
    folder = tmp_path / "shop" / "migrations"
    folder.mkdir(parents=True)
    (folder / "0001_initial.py").write_text(INITIAL)
    path = folder / "0002_x.py"
    path.write_text(DROPPED)
    monkeypatch.chdir(tmp_path)
    return path


def command(capsys, *arguments):
    """Return the exit status of ``check_reversibility --source shop`` with more arguments, and what it wrote."""
    status = 0
    try:
        call_command("check_reversibility", "--source", "shop", "--rule", "RM105", *arguments)
    except SystemExit as stopped:
        status = stopped.code
    return status, *capsys.readouterr()


def planned(*sources):
    return check_migrations(sources=sources, rules=["RM105"], plans_fixes=True).fixes


def test_fix_writes_the_file_and_says_what_is_left(shop, capsys):
    shop.write_text(DROPPED.replace("    ]\n", '    migrations.RemoveField("Product", "id"),\n    ]\n').replace(
        '"price")\n', '"price"),\n'
    ))  # fmt: skip

    status, output, errors = command(capsys, "--fix", "--fail-on", "warning")

    assert 'ops.RetireField("Product", "price")' in shop.read_text()
    assert status == 1, "one is left"
    assert errors == (
        "shop/migrations/0002_x.py: mended RM105 (operation 1)\n"
        "shop.0002_x, operation 2: RM105 is left to you: a part of the primary key cannot be retired.\n"
    )
    assert "operation 2: shop_product loses the values of id" in output
    assert "Found 1 warning in 2 migrations." in output


def test_what_is_mended_is_found_no_more(shop, capsys):
    assert command(capsys, "--fix", "--fail-on", "warning")[:2] == (0, "Found nothing in 2 migrations.\n")
    assert shop.read_text() == RETIRED


def test_diff_writes_nothing_and_can_be_applied(shop, capsys):
    status, output, errors = command(capsys, "--diff", "--fail-on", "warning")

    assert (status, errors) == (1, "")
    assert shop.read_text() == DROPPED
    assert subprocess.run(["git", "apply", "-"], input=output, text=True, capture_output=True, check=True).stderr == ""
    assert shop.read_text() == RETIRED


def test_a_diff_of_a_file_without_a_line_end_can_be_applied(shop, capsys):
    shop.write_text(DROPPED.rstrip("\n") + "  # dropped")

    subprocess.run(["git", "apply", "-"], input=command(capsys, "--diff")[1], text=True, check=True)

    assert shop.read_text() == RETIRED.rstrip("\n") + "  # dropped"


def test_a_file_that_changed_meanwhile_is_left(shop):
    (rewrite,) = planned("shop").rewrites
    shop.write_text(DROPPED + "# by another\n")

    with pytest.raises(CannotLint, match="changed meanwhile"):
        fixing.write(rewrite)

    assert shop.read_text() == DROPPED + "# by another\n"
    assert sorted(path.name for path in shop.parent.iterdir()) == ["0001_initial.py", "0002_x.py"], (
        "nothing is left behind"
    )


def test_a_file_keeps_its_mode(shop):
    shop.chmod(0o640)

    fixing.write(planned("shop").rewrites[0])

    assert shop.read_text() == RETIRED
    assert shop.stat().st_mode & 0o777 == 0o640


def test_a_file_with_a_syntax_error_is_not_touched(shop):
    shop.write_text(DROPPED + "def:\n")

    assert planned("shop") == fixing.Fixes()


def test_installed_packages_are_not_touched(installed, tmp_path):
    installed(
        {f"site-packages/{name}": text for name, text in BAKERY.items()}, "bakery", path=tmp_path / "site-packages"
    )

    fixes = check_migrations(["bakery"], rules=["RM105"], plans_fixes=True).fixes

    assert fixes.rewrites == []
    assert [why for _, why in fixes.left] == ["its file belongs to an installed package"]


def test_migrations_that_are_imported_are_mended_too_also_by_a_link(installed, tmp_path):
    folder = installed(BAKERY, "bakery")
    path = folder / "bakery/migrations/0002_x.py"
    real = path.rename(tmp_path / "real.py")
    path.symlink_to(real)
    before = real.read_text()

    (rewrite,) = check_migrations(["bakery"], rules=["RM105"], plans_fixes=True).fixes.rewrites
    fixing.write(rewrite)

    assert path.is_symlink()
    assert real.read_text() == retired(before)


def test_what_a_baseline_accepts_is_not_mended(shop):
    check_migrations(sources=["shop"], rules=["RM105"], baseline="known.json", writes_baseline=True)

    fixes = check_migrations(sources=["shop"], rules=["RM105"], baseline="known.json", plans_fixes=True).fixes

    assert fixes == fixing.Fixes()


def without_libcst(*arguments):
    """Return how the lint ends in a process of its own in which libcst is not installed."""
    lines = (
        "import sys; sys.modules['libcst'] = None",
        f"sys.argv = ['lint', *{arguments!r}]",
        "from reversible_migrations.lint.__main__ import main; main()",
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", "\n".join(lines)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_without_libcst_one_sentence_says_so(shop):
    done = without_libcst("shop", "--fix")

    assert (done.returncode, done.stdout) == (2, "")
    assert "needs libcst, which is not installed. Nothing was changed." in done.stderr
    assert "pip install 'reversible-migrations[lint]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_linting_alone_needs_no_libcst(shop):
    done = without_libcst("shop")

    assert (done.returncode, done.stderr) == (0, "")
    assert "RM105" in done.stdout
