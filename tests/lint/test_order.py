"""The order of migrations by what they say about each other."""

from itertools import pairwise

from reversible_migrations.lint.order import Links, ordered, walks

A, B, C, D = ("a", "1"), ("a", "2"), ("a", "3"), ("b", "1")
SQUASHED = ("a", "1_squashed")


def links(**given):
    return given


def order(given, chosen=None):
    return ordered(given, set(given) if chosen is None else chosen)


def test_a_migration_comes_behind_what_it_depends_on_and_before_what_it_says():
    given = {A: Links((D,)), B: Links((A,)), C: Links((B,)), D: Links()}
    early = {A: Links(), B: Links((A,)), D: Links(run_before=(A,))}

    assert order(given).keys == [D, A, B, C]
    assert order(early).keys == [D, A, B]


def test_first_and_latest_of_another_app():
    given = {
        A: Links(),
        B: Links((A,)),
        ("b", "1"): Links((("a", "__latest__"),)),
        ("0", "1"): Links((("a", "__first__"),)),
    }

    assert order(given).keys == [A, ("0", "1"), B, D]
    assert order({D: Links((("nothing", "__first__"),))}).missing == {}


def test_what_is_missing_is_said_and_the_rest_is_ordered():
    found = order({A: Links((("a", "0"),)), B: Links((A,))})

    assert (found.keys, found.missing) == ([A, B], {A: [("a", "0")]})


def test_a_circle_is_said_and_the_rest_is_ordered():
    found = order({A: Links((C,)), B: Links((A,)), C: Links((B,)), D: Links()})

    assert sorted(found.keys) == [A, B, C, D]
    assert len(found.circular) == 1


def test_one_that_depends_on_itself():
    assert order({A: Links((A,))}).circular == [A]


def test_squashed_ones_first_and_then_what_they_replace():
    given = {A: Links(), B: Links((A,)), SQUASHED: Links(replaces=(A, B)), C: Links((SQUASHED,)), D: Links((B,))}

    first, second = walks(given)

    assert (first, second) == ({SQUASHED, C, D}, {A, B, C, D})
    assert ordered(given, first).keys == [SQUASHED, C, D]
    assert ordered(given, second).keys == [A, B, C, D]


def test_squashed_ones_whose_originals_are_gone_are_not_taken_apart():
    given = {B: Links(), SQUASHED: Links(replaces=(A, B))}

    assert list(walks(given)) == [{SQUASHED}]


def test_squashed_ones_that_were_squashed_again():
    again = ("a", "1_again")
    given = {
        A: Links(), B: Links((A,)), SQUASHED: Links(replaces=(A, B)),
        again: Links(replaces=(SQUASHED,)), C: Links((again,)),
    }  # fmt: skip

    chosen = list(walks(given))

    assert chosen == [{again, C}, {SQUASHED, C}, {A, B, C}]
    assert [ordered(given, each).keys[-1] for each in chosen] == [C, C, C]


def test_a_long_history():
    keys = [("a", f"{number:05}") for number in range(5_000)]
    given = {key: Links((before,)) for before, key in pairwise(keys)} | {keys[0]: Links()}

    assert order(dict(reversed(given.items()))).keys == keys
