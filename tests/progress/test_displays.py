"""When lines are written, and what they say; the clock is the test's."""

import io
import sys

from reversible_migrations.load.estimates import size
from reversible_migrations.models import Run, Step
from reversible_migrations.overview import overview_of
from reversible_migrations.progress.terminal import Lines, LiveBar, Terminal, display_for
from reversible_migrations.progress.words import duration, progress, result


def step_record(seen, **facts):
    given = {"rows_done": seen, "rows_seen": seen, "rows_total": 300_000, "seconds": seen / 40_000, **facts}
    return Step(number=1, kind="update", model="shop.Product", **given)


def step(seen, **facts):
    return overview_of(step_record(seen, **facts))


class TerminalStream(io.StringIO):
    def isatty(self):
        return True


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class TestLines:
    def test_on_the_way_there_is_one_every_so_many_seconds(self):
        clock, stream = Clock(), io.StringIO()
        lines = Lines(stream, "shop.0002", seconds=10, clock=clock)

        lines.begin(step(0))
        for clock.now in range(1, 26):
            lines.progress(step(int(clock.now) * 10_000))

        written = stream.getvalue().splitlines()
        assert written[0] == ""
        assert [line.split(": ")[-1].split(" of")[0] for line in written[1:]] == ["100,000", "200,000"]

    def test_a_short_step_is_one_line_and_an_empty_one_none(self):
        stream = io.StringIO()
        lines = Lines(stream, "shop.0002", seconds=10, clock=Clock())

        for seen in (0, 20_000):
            lines.begin(step(0))
            lines.end(step(seen))

        assert stream.getvalue() == "\n    shop.0002 step 1: update shop.Product: 20,000 rows in 0.5 s, 40,000 rows/s\n"

    def test_a_long_wait_says_why(self):
        clock, stream = Clock(), io.StringIO()
        lines = Lines(stream, "shop.0002", seconds=10, clock=clock)

        lines.begin(step(0))
        clock.now = 11
        lines.wait(step(0), "a deadlock; trying again")

        assert "waiting: a deadlock; trying again" in stream.getvalue()


class TestDisplays:
    run = Run(pk=1, app="shop", name="0002")

    def test_a_terminal_gets_the_bar(self):
        assert isinstance(display_for(self.run, "default", TerminalStream()), LiveBar)
        assert isinstance(display_for(self.run, "default", io.StringIO()), Lines)

    def test_without_rich_a_terminal_gets_lines(self, monkeypatch):
        for name in [name for name in sys.modules if name.partition(".")[0] == "rich"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "rich", None)

        assert isinstance(display_for(self.run, "default", TerminalStream()), Lines)

    def test_another_database_is_named(self):
        assert display_for(self.run, "replica", io.StringIO()).title == "shop.0002 (replica)"

    def test_without_a_command_nothing_is_shown(self, capfd):
        terminal = Terminal()

        terminal.run_started(run=self.run, using="default")
        terminal.step_finished(run=self.run, step=Step(number=1, kind="update", rows_done=5, rows_seen=5))

        assert capfd.readouterr() == ("", "")

    def test_after_a_failed_run_nothing_more_is_shown(self, capfd):
        terminal = Terminal()
        terminal.switch_on(verbosity=1)
        terminal.run_started(run=self.run, using="default")
        terminal.run_finished(run=self.run, status="failed")

        terminal.run_started(run=self.run, using="default")
        terminal.step_finished(run=self.run, step=Step(number=1, kind="update", rows_done=5, rows_seen=5))

        assert capfd.readouterr() == ("", "")


class TestWords:
    def test_progress_names_rows_share_rate_and_what_is_left(self):
        pace = {"batch_size": 9_000, "workers": 2, "gauge": "cpu at 63 % of 90 %", "eta": [4.5, 6.2]}

        assert progress(overview_of(step_record(120_000), pace)) == (
            "120,000 of ~300,000 rows (40 %), 40,000 rows/s, 5-6 s left, batches of 9,000, 2 workers,"
            " cpu at 63 % of 90 %"
        )

    def test_an_end_that_is_not_in_sight_has_no_time(self):
        assert "10 s or more left" in progress(overview_of(step_record(120_000), {"eta": [10.0, None]}))
        assert "left" not in progress(overview_of(step_record(120_000), {"eta": None}))

    def test_a_small_total_is_exact_and_what_is_over_it_does_not_count(self):
        assert progress(step(9_000, rows_total=8_000)).startswith("8,000 of 8,000 rows (99 %)")

    def test_a_result_names_what_was_not_done(self):
        facts = {"rows_skipped": 2, "rows_failed": 1, "rows_conflicting": 3, "status": "done"}

        assert result(step(40_000, **facts)) == (
            "40,000 rows in 1.0 s, 40,000 rows/s, 2 left as they were, 1 failed, 3 changed since"
        )

    def test_times_and_sizes_are_short(self):
        assert [duration(s) for s in (0.01, 5.25, 42.4, 185, 7800, 30 * 86_400)] == [
            "under 0.1 s", "5.2 s", "42 s", "3:05 min", "2:10:00 h", "30 days",
        ]  # fmt: skip
        assert [size(b) for b in (None, 12, 3_400, 56_700_000)] == ["-", "12 B", "3.4 kB", "56.7 MB"]
