"""Commands that the engine names in its sentences, on the page."""

import pytest

from reversible_migrations.templatetags.commands import with_code


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("`manage.py migrate` goes on.", "<code>manage.py migrate</code> goes on."),
        ("Nothing to do.", "Nothing to do."),
        ("A lone ` stays.", "A lone ` stays."),
        ("<b> is text, `<i>` too.", "&lt;b&gt; is text, <code>&lt;i&gt;</code> too."),
    ],
)
def test_what_is_quoted_is_code_and_the_rest_is_text(sentence, shown):
    assert with_code(sentence) == shown
