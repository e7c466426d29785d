"""Which phase of which migration runs, and what waits: tables of cases, without a database."""

from reversible_migrations.phases.plan import PhaseStep, Place, Waiting, plan
from reversible_migrations.states import Phase

PREPARE, DATA, SWITCH, CLEANUP = Phase
ALL = tuple(Phase)


def place(name, *parents, phases=ALL, done=(), is_applied=False):
    keys = tuple(("app", parent) for parent in parents)
    return Place(("app", name), keys, tuple(phases), frozenset(done), is_applied)


def run(*places, up_to=CLEANUP):
    """Return what runs as ["a1", "a2", ...], and what waits as {"b": ("a", 3)}; None where only its own are left."""
    found = plan(places, up_to)
    waiting = {each.key[1]: (each.behind[1], each.behind_phase) if each.behind else None for each in found.waiting}
    return [f"{step.key[1]}{step.phase}" for step in found.steps], waiting


class TestOneMigration:
    def test_runs_up_to_the_phase_asked_for(self):
        assert run(place("a"), up_to=DATA) == (["a1", "a2"], {"a": None})

    def test_goes_on_behind_what_is_done(self):
        assert run(place("a", done=[PREPARE, DATA]), up_to=SWITCH) == (["a3"], {"a": None})

    def test_of_an_earlier_phase_nothing_is_run_again(self):
        assert run(place("a", done=[PREPARE, DATA]), up_to=PREPARE) == ([], {"a": None})

    def test_is_left_alone_when_it_is_applied(self):
        assert run(place("a", is_applied=True)) == ([], {})

    def test_with_all_phases_done_and_no_record_is_recorded_by_its_last(self):
        assert run(place("a", done=ALL)) == (["a4"], {})

    def test_with_some_phases_only_ends_with_the_last_of_these(self):
        found = plan([place("a", phases=[PREPARE, SWITCH])], CLEANUP)

        assert [(step.phase, step.is_last) for step in found.steps] == [(PREPARE, False), (SWITCH, True)]


class TestSeveral:
    def test_phases_are_gone_through_one_after_the_other(self):
        assert run(place("a"), place("b"))[0] == ["a1", "b1", "a2", "b2", "a3", "b3", "a4", "b4"]

    def test_what_depends_on_an_unfinished_one_waits_for_it(self):
        assert run(place("a"), place("b", "a"), up_to=DATA) == (["a1", "a2"], {"a": None, "b": ("a", SWITCH)})

    def test_what_waits_behind_others_names_the_one_that_has_to_move(self):
        places = place("a"), place("b", "a"), place("c", "b"), place("d", "c")

        assert run(*places, up_to=PREPARE)[1] == {"a": None, "b": ("a", DATA), "c": ("a", DATA), "d": ("a", DATA)}

    def test_is_let_go_as_soon_as_the_other_is_finished(self):
        places = place("a", done=[PREPARE, DATA], phases=[PREPARE, DATA, SWITCH]), place("b", "a", phases=[PREPARE])

        assert run(*places, up_to=SWITCH) == (["a3", "b1"], {})

    def test_an_ordinary_one_of_a_later_phase_waits_for_that(self):
        assert run(place("a", phases=[CLEANUP]), up_to=SWITCH) == ([], {"a": None})

    def test_parents_out_of_sight_are_done(self):
        assert run(place("b", "a", phases=[PREPARE])) == (["b1"], {})

    def test_only_what_belongs_to_the_phase_is_due(self):
        places = place("a", phases=[SWITCH]), place("b", "a", phases=[PREPARE]), place("c", "a", phases=[CLEANUP])

        waiting = plan(places, PREPARE).waiting

        assert [(each.key[1], each.is_due) for each in waiting] == [("a", False), ("b", True), ("c", False)]

    def test_a_late_one_is_noted_in_the_phase_in_which_its_turn_comes(self):
        found = plan([place("a", phases=[SWITCH]), place("b", "a", phases=[PREPARE])], CLEANUP)

        assert found.during(PREPARE) == []
        assert found.during(SWITCH) == [
            PhaseStep(("app", "a"), SWITCH, is_last=True, during=SWITCH),
            PhaseStep(("app", "b"), PREPARE, is_last=True, during=SWITCH),
        ]


def test_names_are_those_that_people_type():
    found = plan([place("a")], PREPARE)

    assert found.steps[0].name == "app.a"
    assert found.waiting == (Waiting(("app", "a"), DATA, None, None, is_due=False),)
    assert found.waiting[0].name == place("a").name == "app.a"
