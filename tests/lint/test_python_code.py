"""What is known of a Python function by its text."""

import ast
from textwrap import dedent, indent

import pytest

from reversible_migrations.lint.python_code import python_code
from reversible_migrations.lint.source import Source
from reversible_migrations.lint.stand_ins import Unknown, function_of

HEAD = """
from shop.helpers import helper, tidy
from django.db import connection
SQL = "UPDATE shop_item SET x = 1"

def follow(apps, model):
    model.objects.filter(x=1).delete()

def deeper(apps):
    Item = apps.get_model("shop", "Item")
    follow(apps, Item)

def endless(apps):
    endless(apps)
"""


def code(body, head=HEAD):
    text = f"{head}\ndef fill(apps, schema_editor):\n{indent(dedent(body).strip(), '    ')}\n"
    return of_text(text)


def of_text(text):
    source = Source("x.py", text)
    node = next(each for each in source.tree.body if isinstance(each, ast.FunctionDef) and each.name == "fill")
    return python_code(function_of(node, source), source)


def writes(body):
    return [(each.method, each.model, each.is_in_loop) for each in code(body).writes]


ITEM = 'Item = apps.get_model("shop", "Item")\n'


@pytest.mark.parametrize(
    "asked",
    [
        'apps.get_model("shop", "Item")',
        'apps.get_model("shop.Item")',
        'apps.get_model(app_label="shop", model_name="Item")',
        'schema_editor.apps.get_model("shop", model_name="Item")',
    ],
)
def test_models_are_known_however_they_are_asked_for(asked):
    found = code(f"Item = {asked}\nItem.objects.update(x=1)")

    assert found.models == ("shop.Item",)
    assert found.writes[0].model == "shop.Item"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Item.objects.update(x=1)", [("update", "shop.Item", False)]),
        ("Item.objects.using('a').filter(x=1).exclude(y=2).delete()", [("delete", "shop.Item", False)]),
        ("rows = Item.objects.filter(x=1)\nrows.update(x=2)", [("update", "shop.Item", False)]),
        ("item = Item.objects.get(pk=1)\nitem.save()", [("save", "shop.Item", False)]),
        ("for item in Item.objects.iterator():\n    item.save()", [("save", "shop.Item", True)]),
        ("for n, item in enumerate(Item.objects.all()):\n    item.save()", [("save", "shop.Item", True)]),
        ("[item.delete() for item in Item.objects.all()]", [("delete", "shop.Item", True)]),
        ("Item(x=1).save()", [("save", "shop.Item", False)]),
        ("item, new = Item.objects.get_or_create(x=1)\nitem.save()",
         [("get_or_create", "shop.Item", False), ("save", "shop.Item", False)]),
        ("item = Item.objects.first()\nitem.tags.add(1)", [("add", None, False)]),
        ("item = Item.objects.first()\nitem.parts.all().delete()", [("delete", None, False)]),
        ("while True:\n    Item.objects.create(x=1)", [("create", "shop.Item", True)]),
        ("for M in (Item, Item):\n    M.objects.update(x=1)", [("update", None, True)]),
        ("Item.objects.bulk_create([Item(x=1)])", [("bulk_create", "shop.Item", False)]),
        ("Item._default_manager.all()[:5].delete()", [("delete", "shop.Item", False)]),
    ],
)  # fmt: skip
def test_writes_with_their_model_and_whether_they_are_in_a_loop(body, expected):
    assert writes(ITEM + body) == expected


@pytest.mark.parametrize(
    "body",
    [
        "known = {}\nknown.update(a=1)",
        "known = set()\nknown.add(1)\nknown.clear()",
        "names = []\nnames.remove('a')",
        "image.save('a.png')",
        "Item.objects.count()\nlist(Item.objects.all())",
        "for item in Item.objects.all():\n    print(item.name)",
    ],
)
def test_what_changes_no_rows(body):
    found = code(ITEM + body)

    assert not found.writes
    assert not found.may_change_rows


def test_functions_of_the_same_file_are_followed_with_what_they_are_given():
    found = code("deeper(apps)\nendless(apps)")

    assert found.models == ("shop.Item",)
    assert [(each.method, each.model) for each in found.writes] == [("delete", "shop.Item")]


def test_functions_inside_others_know_the_names_around_them_but_for_their_own():
    found = code(
        ITEM
        + "query = Item.objects.all()\ndef a(query):\n    query.update(x=1)\ndef b():\n    query.delete()\na({})\nb()"
    )

    assert [(each.method, each.model) for each in found.writes] == [("delete", "shop.Item")]


def test_methods_of_an_imported_model_that_are_called_for_what_they_do():
    head = "from shop.models import Item\n"

    assert code("Item.mend_tree(all=True)", head).may_change_rows
    assert [each.label for each in code("Item.mend_tree()", head).real_models] == ["shop.Item"]
    assert not code("root = Item.first_root()", head).may_change_rows
    assert not code(ITEM + "Item.check()", head).may_change_rows  # that of apps


def test_methods_of_the_same_class_are_followed():
    source = Source(
        "x.py",
        dedent("""
        class Migration:
            def patch(self, apps, patch):
                self.tidy(apps.get_model("shop", "Item"), patch)

            def tidy(self, model, patch):
                patch.update(model.objects.all(), x=1)
        """),
    )
    method = source.tree.body[0].body[0]

    (write,) = python_code(function_of(method, source), source).writes

    assert (write.method, write.model) == ("update", "shop.Item")


def test_functions_that_are_handed_over_are_followed():
    head = "def change(item):\n    item.save()\n"

    assert code("run(change)", head).changes_rows


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("with connection.cursor() as cursor:\n    cursor.execute(SQL)", "UPDATE"),
        ("schema_editor.execute('DELETE FROM a')", "DELETE"),
        ("schema_editor.connection.cursor().execute(f'DELETE FROM {table}')", "DELETE"),
        ("sql = 'DELETE FROM ' + 'a'\nconnection.cursor().execute(sql)", "DELETE"),
        ("connection.cursor().execute('DELETE FROM %s' % table)", "DELETE"),
        ("connection.cursor().executemany('INSERT INTO a VALUES (%s)', rows)", "INSERT"),
    ],
)
def test_sql_is_read(body, kind):
    found = code(body)

    assert [statement.kind for statement in found.statements] == [kind]
    assert found.changes_rows


def test_sql_that_is_computed_may_do_anything():
    found = code("connection.cursor().execute(read())")

    assert (found.changes_rows, found.may_change_rows) == (False, True)


def test_calls_of_other_files_that_get_models_may_change_rows():
    found = code(ITEM + "helper(Item)\ntidy(' a ')\nlogger.info('x')")

    assert [(call.name, call.takes_models) for call in found.outside_calls] == [
        ("helper", True), ("tidy", False), ("logger.info", False),
    ]  # fmt: skip
    assert found.may_change_rows


def test_queries_with_what_reads_them():
    found = code(
        ITEM + "for item in Item.objects.all():\n    Item.objects.filter(x=1).exists()\nlist(Item.objects.all())"
    )

    assert [(each.method, each.model, each.is_in_loop) for each in found.queries] == [
        ("for", "shop.Item", False), ("exists", "shop.Item", True), ("list", "shop.Item", False),
    ]  # fmt: skip
    assert len(found.loops) == 1


def test_a_name_that_gets_another_value_is_that_from_there_on():
    assert writes(ITEM + "item = Item.objects.first()\nitem = {}\nitem.update(x=1)") == []


def test_the_models_of_the_hint_are_those_that_are_written():
    body = ITEM + 'Tag = apps.get_model("shop", "Tag")\nTag.objects.count()\nItem.objects.update(x=1)'

    assert code(body).written_models == ["shop.Item"]
    assert code(body + "\nfor row in rows:\n    row.save()").written_models == ["shop.Item", "shop.Tag"]


def test_code_that_is_not_python_is_not_readable():
    found = python_code(len, None)

    assert (found.name, found.is_readable, found.why_not) == ("len", False, "it is not written in Python")
    assert found.may_change_rows


def test_code_of_another_file_says_which():
    found = python_code(Unknown("shop.helpers.tidy"), None)

    assert (found.name, found.is_readable) == ("tidy", False)
    assert found.why_not == "it is shop.helpers.tidy, of another file"


def test_a_function_whose_source_is_gone():
    made = {}
    exec("def fill(apps, schema_editor): pass", made)

    assert python_code(made["fill"], None).why_not == "its source was not found"


def test_a_write_knows_its_query_and_the_rows_it_loops_over():
    body = ITEM + "for item in Item.objects.all():\n    Item.objects.using('a').filter(x=1).update(x=2)"

    (write,) = code(body).writes

    assert write.of.calls == ("get_model", "objects", "using", "filter")
    assert (write.of.is_whole, write.has_alias) == (False, True)
    assert (write.over.calls, write.over.is_whole) == (("get_model", "objects", "all"), True)


def test_methods_of_models_that_are_asked_of_apps():
    found = code("from shop.models import Tag\nTag.build()\n" + ITEM + "Item.build()\nItem.objects.first().tidy()")

    assert [(call.name, call.of.kind) for call in found.method_calls] == [
        ("build", "model"), ("first", "query"), ("tidy", "instance"),
    ]  # fmt: skip


def test_steps_of_a_patch_with_whether_rows_decide_them():
    text = """
def fill(apps, patch):
    Item = apps.get_model("shop", "Item")
    patch.delete(Item.objects.filter(x=1))
    if Item.objects.exists():
        patch.update(Item.objects.all(), x=1)
"""

    assert [(step.method, step.depends_on_rows) for step in of_text(text).steps] == [
        ("delete", False),
        ("update", True),
    ]


def test_calls_have_their_full_names():
    head = "import os.path\nimport requests as r\nfrom urllib.request import urlopen\n"
    found = code("os.path.exists('a')\nr.get('b').json()\nurlopen('c')\nopen('d')\nfirst().rest()", head)

    assert [call.origin for call in found.outside_calls] == [
        "os.path.exists", "requests.get", "", "urllib.request.urlopen", "builtins.open", "",
    ]  # fmt: skip


def test_the_lines_that_ask_for_the_alias():
    assert len(code("db = schema_editor.connection.alias").aliases) == 1
    assert code("alias = 'other'").aliases == ()
