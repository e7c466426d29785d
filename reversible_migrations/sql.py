"""
The statements of an SQL text: what each one does, and to which tables.

``sqlparse`` (it comes with Django) cuts the text into words; strings, quoted names and comments are never taken
for words. What lies inside a string (``DO $$ ... $$``, a function's body) is not read, and says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# Words between the verb of a statement and the kind of thing it is about.
BETWEEN = {"OR", "REPLACE", "UNIQUE", "TEMP", "TEMPORARY", "UNLOGGED", "CONCURRENTLY", "GLOBAL", "LOCAL"}
# Words between the kind of thing and its name.
BEFORE_NAMES = {"IF", "NOT", "EXISTS", "ONLY", "CONCURRENTLY", "TABLE", "INTO", "FROM", "IGNORE"}
ABOUT_THINGS = ("CREATE", "ALTER", "DROP", "COMMENT")
CHANGING_ROWS = ("UPDATE", "INSERT", "DELETE", "MERGE", "TRUNCATE", "REPLACE", "COPY")
NO_COLUMNS = {
    "CONSTRAINT", "DEFAULT", "NOT", "NOT NULL", "IDENTITY", "EXPRESSION", "INDEX", "KEY", "PRIMARY", "FOREIGN", "CHECK",
    "PARTITION",
}  # fmt: skip
UNREADABLE = ("DO", "CALL", "EXECUTE", "CREATE FUNCTION", "CREATE PROCEDURE")


@dataclass(frozen=True)
class Statement:
    """
    One statement: ``UPDATE shop_item SET x = 1`` has the kind "UPDATE" and the tables ("shop_item",).

    ``kind`` is the verb, with the thing for CREATE, ALTER and DROP ("CREATE INDEX"). ``text`` has no comments.
    ``is_readable`` is False where the statement runs code that is not looked into.
    """

    text: str
    kind: str
    tables: tuple[str, ...]
    is_concurrent: bool
    is_readable: bool
    dropped_columns: tuple[str, ...] = ()
    has_condition: bool = False  # a WHERE, of itself or of a query inside

    @property
    def changes_rows(self) -> bool:
        return self.kind in CHANGING_ROWS


UNKNOWN = Statement("", "", (), False, False)  # made by code, or of a file


def statements(sql: str) -> list[Statement]:
    """Return the statements of ``sql``, without comments and empty ones."""
    from sqlparse import tokens
    from sqlparse.engine import FilterStack

    found = []
    stack: Any = FilterStack  # it has no types
    for parsed in stack().run(sql):  # without grouping, which sqlparse refuses for long texts
        written = [token for token in parsed.flatten() if token.ttype not in tokens.Comment]
        if text := "".join(map(str, written)).strip(" ;\r\n\t"):
            found.append(_statement(text, written))
    return found


def words_of(text: str) -> list[str]:
    """Return the names, keywords and marks of a statement, without quotes and comments; of a string only ``''``."""
    from sqlparse.engine import FilterStack

    stack: Any = FilterStack  # it has no types
    return [word for parsed in stack().run(text) for word in _words(list(parsed.flatten()))]


def statements_of(given: Any) -> list[Statement]:
    """Return the statements of what ``RunSQL`` takes: a text, or a list of texts and (text, parameters)."""
    if isinstance(given, str):
        return statements(given)
    if not isinstance(given, list | tuple):
        return [UNKNOWN]
    texts = [part[0] if isinstance(part, list | tuple) and part else part for part in given]
    return [found for text in texts for found in (statements(text) if isinstance(text, str) else [UNKNOWN])]


def _statement(text: str, written: list[Any]) -> Statement:
    words = list(_words(written))
    capitals = [word.upper() for word in words]
    kind = _kind(capitals)
    return Statement(
        text=text,
        kind=kind,
        tables=tuple(_tables(kind, words, capitals)),
        is_concurrent="CONCURRENTLY" in capitals,
        is_readable=kind not in UNREADABLE,
        dropped_columns=tuple(_dropped_columns(words, capitals)) if kind == "ALTER TABLE" else (),
        has_condition="WHERE" in capitals,
    )


def _words(written: list[Any]) -> Iterator[str]:
    """Yield names (with their schema, without quotes), keywords and marks; of a string only its quotes."""
    from sqlparse import tokens

    held = ""
    for token in written:
        text = str(token)
        is_dot = token.ttype is tokens.Punctuation and text == "."
        if held and not is_dot and not held.endswith("."):
            yield held
            held = ""
        if token.is_keyword and not held:
            yield from text.split()  # "IF EXISTS" is one token
        elif token.ttype in tokens.Literal.String.Single:
            yield "''"
        elif not token.is_whitespace:
            held += "." if is_dot else text.strip('"`')
    if held:
        yield held


def _kind(capitals: list[str]) -> str:
    if not capitals:
        return ""
    verb = capitals[0].split()[0]
    if verb == "WITH":
        return next((word for word in capitals if word in CHANGING_ROWS), "SELECT")
    if verb not in ABOUT_THINGS:
        return verb
    thing = next((word for word in capitals[1:] if word not in BETWEEN), "")
    return f"{verb} {thing}".strip()


def _tables(kind: str, words: list[str], capitals: list[str]) -> Iterator[str]:
    """Yield the tables that the statement is about; not those that it only reads."""
    if kind in ("CREATE INDEX", "CREATE TRIGGER"):
        yield from _names_after("ON", words, capitals)
    elif kind in ("CREATE TABLE", "ALTER TABLE", "DROP TABLE"):
        yield from _names_after("TABLE", words, capitals)
    elif kind == "CREATE MATERIALIZED":
        yield from _names_after("VIEW", words, capitals)
    elif kind in CHANGING_ROWS:
        yield from _names_after(kind, words, capitals)


def _names_after(word: str, words: list[str], capitals: list[str]) -> Iterator[str]:
    """Yield the names behind ``word``, over the words that may stand between: ``DROP TABLE IF EXISTS a, b``."""
    if word not in capitals:
        return
    position = capitals.index(word) + 1
    while position < len(words) and capitals[position] in BEFORE_NAMES:
        position += 1
    while position < len(words):
        yield words[position]
        if words[position + 1 : position + 2] != [","]:
            return
        position += 2


def _dropped_columns(words: list[str], capitals: list[str]) -> Iterator[str]:
    """Yield the columns that ``ALTER TABLE a DROP x, DROP COLUMN IF EXISTS y`` takes away."""
    for position, word in enumerate(capitals):
        if word == "DROP":
            rest = [at for at in range(position + 1, len(words)) if capitals[at] not in ("COLUMN", "IF", "EXISTS")]
            if rest and capitals[rest[0]] not in NO_COLUMNS:
                yield words[rest[0]]
