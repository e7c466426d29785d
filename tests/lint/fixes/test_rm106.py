"""DeleteModel becomes RetireModel."""

CODE = "RM106"

FILE = """\
from django.db import migrations
{ours}

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [{kind}(name="Product")]  # sold out
"""


def test_it_takes_the_same_arguments(mended):
    ours = "from reversible_migrations import operations as ops\n"

    mended(FILE.format(ours="", kind="migrations.DeleteModel"), FILE.format(ours=ours, kind="ops.RetireModel"))
