"""
``irreversible`` without a reason: whoever has to undo it in the night learns nothing from it.

https://docs.djangoproject.com/en/stable/topics/migrations/#reversing-migrations
"""

import ast
from collections.abc import Iterator
from typing import Any

from ...states import Level
from ..finding import Finding
from ..registry import MigrationRule
from ..source import members
from ..subject import MigrationSubject

PLACEHOLDERS = {"", "todo", "tbd", "fixme", "xxx", "n/a", "none", "why", "reason", "because", "irreversible", "yes"}
FEWEST_WORDS = 3


class ReasonMissing(MigrationRule):
    code = "RM109"
    name = "reason-missing"
    level = Level.WARNING
    link = "https://docs.djangoproject.com/en/stable/topics/migrations/#reversing-migrations"

    def check(self, subject: MigrationSubject) -> Iterator[Finding]:
        given: Any = vars(type(subject.migration)).get("irreversible", None)
        if not subject.is_ours or given is None or given is False or is_reason(given):
            return
        written = members(subject.source.migration_class if subject.source else None).get("irreversible")
        line = written.lineno if isinstance(written, ast.expr) else None
        message = f"irreversible = {given!r} does not say why this migration cannot be undone."
        hint = 'irreversible = "what is lost, and what to do instead of undoing it"'
        yield self.finding(subject, message, hint, line)


def is_reason(given: Any) -> bool:
    """Return whether a text says something: three words, or some characters of a script without spaces."""
    if not isinstance(given, str):
        return given is not True
    text = given.strip()
    if text.lower().strip(" .!?:") in PLACEHOLDERS or text.lower().startswith(("todo", "fixme")):
        return False
    return len(text.split()) >= FEWEST_WORDS or (not text.isascii() and len(text) >= 5)
