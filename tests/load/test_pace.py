"""The rules of batch size and pace, a case each."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reversible_migrations.load.baseline import baseline_pace
from reversible_migrations.load.pace import Batch, Limits, Pace, Reading, amount, first_pace, next_pace, next_size

LIMITS = Limits()
WORK = [Batch(20_000, 0.2)] * 20  # at 10 us a row: 0.8 of the target of 0.25 s
AT_WORK = Pace(20_000)


def cpu(percent, age=0.0, **facts):
    return Reading("cpu", "%", percent, 90, age, **facts)


def lag(seconds, age=0.0, **facts):
    return Reading("replica_lag", "s", seconds, 10, age, is_lag=True, **{"detail": "standby s1", **facts})


def paces(*asked, pace=AT_WORK, history=WORK, limits=LIMITS):
    """Return the pace after each of ``asked``: (now, readings)."""
    found = []
    for now, readings in asked:
        pace = next_pace(pace, history, readings, limits, now)
        found.append(pace)
    return found


def last_pace(*asked, **facts):
    return paces(*asked, **facts)[-1]


def waited_out(readings, until, pace=AT_WORK, limits=LIMITS, history=WORK, now=0.0):
    """Return the paces from ``now`` on, each asked for after the pause of the one before it."""
    found = []
    while now <= until:
        pace = next_pace(pace, history, readings, limits, now)
        found.append((now, pace))
        now += pace.pause_seconds
        if not pace.is_waiting:
            break
    return found


class TestBatchSize:
    @pytest.mark.parametrize(
        ("history", "size", "expected"),
        [
            ([Batch(1_000, 0.01)], 1_000, 2_000),  # 20,000 are wanted: at most doubled
            ([Batch(20_000, 0.2)], 20_000, 20_000),
            ([Batch(20_000, 0.219)], 20_000, 20_000),  # 18,265 are wanted: within 10 %
            ([Batch(20_000, 0.24)], 20_000, 16_667),
            ([Batch(20_000, 0.185)], 20_000, 20_000),  # 21,622 are wanted: within 10 %
            ([Batch(20_000, 0.17)], 20_000, 23_529),
            ([Batch(20_000, 0.7)], 20_000, 5_714),
            ([Batch(20_000, 20.0)], 20_000, 2_000),  # 200 are wanted: at most to a tenth
            ([Batch(200, 5.0)], 200, 100),  # the smallest
            ([Batch(80_000, 0.01)], 80_000, 100_000),  # the largest
            ([Batch(1_000, 0.0)], 1_000, 2_000),
            ([Batch(1_000, 1e-12)], 1_000, 2_000),
        ],
    )
    def test_it_follows_the_cost_of_rows_in_steps(self, history, size, expected):
        assert next_size(size, history, 0.25, LIMITS) == expected

    def test_the_slowest_tenth_of_the_last_batches_counts(self):
        usual, slow = Batch(20_000, 0.2), Batch(20_000, 0.4)

        one_just_now = next_size(20_000, [usual] * 19 + [slow], 0.25, LIMITS)
        one_some_time_ago = next_size(20_000, [usual] * 16 + [slow] + [usual] * 3, 0.25, LIMITS)
        two_some_time_ago = next_size(20_000, [usual] * 15 + [slow] * 2 + [usual] * 3, 0.25, LIMITS)

        assert (one_just_now, one_some_time_ago, two_some_time_ago) == (10_000, 20_000, 10_000)

    def test_a_small_batch_does_not_make_rows_dear(self):
        small = Batch(10, 0.005)  # 500 us a row, nearly all of it fixed cost

        sizes = [
            next_size(20_000, history, 0.25, LIMITS)
            for history in (
                [small],
                [small] * 20,
                [*WORK[:19], small],
                [small] * 10 + WORK[:10],
                [*WORK[:10], small] * 2,
            )
        ]

        assert sizes == [20_000] * 5

    def test_a_small_batch_that_takes_too_long_shrinks_the_size_by_its_time_alone(self):
        small = Batch(10, 1.0)  # four times the target, five times what is aimed at

        assert next_size(20_000, [*WORK[:19], small], 0.25, LIMITS) == 4_000

    def test_a_batch_larger_than_asked_for_is_judged_by_its_rows(self):
        assert next_size(20_000, [Batch(160_000, 1.6)], 0.25, LIMITS) == 20_000

    def test_batches_without_rows_say_nothing(self):
        empty = Batch(0, 0.005)

        assert next_size(20_000, [empty] * 20, 0.25, LIMITS) == 20_000
        assert next_size(20_000, [*WORK[:19], empty], 0.25, LIMITS) == 20_000
        assert next_size(20_000, [*WORK[:19], Batch(0, 2.0)], 0.25, LIMITS) == 2_000

    def test_a_fixed_size_stays_whatever_batches_take(self):
        limits = replace(LIMITS, batch_size=7)

        assert first_pace(limits).batch_size == 7
        assert next_size(7, [Batch(7, 9.0)], 0.25, limits) == 7
        assert next_size(20_000, [], 0.25, limits) == 7

    def test_the_first_size_keeps_within_the_limits(self):
        assert first_pace(LIMITS) == Pace(1_000)
        assert first_pace(replace(LIMITS, largest_batch_size=50)).batch_size == 50
        assert first_pace(replace(LIMITS, smallest_batch_size=3_000)).batch_size == 3_000

    def test_a_limit_changed_on_the_way_counts_at_once_though_the_pace_is_held(self):
        pace = next_pace(AT_WORK, WORK, [cpu(50, age=20)], replace(LIMITS, largest_batch_size=5_000), now=0)

        assert pace.batch_size == 5_000


class TestBesideOthers:
    def test_batches_shrink_at_once_when_others_come(self):
        shared = [next_pace(AT_WORK, WORK, [], LIMITS, now=0, is_shared=True)]
        shared.append(next_pace(shared[0], [*WORK[1:], Batch(2_000, 0.02)], [], LIMITS, now=1, is_shared=True))

        assert [pace.batch_size for pace in shared] == [2_000, 1_600]

    def test_they_grow_again_when_others_were_gone_for_5_seconds(self):
        history = [Batch(1_600, 0.016)] * 20
        pace = next_pace(Pace(1_600), history, [], LIMITS, now=100, is_shared=True)
        sizes = []

        for now in (101, 104.9, 105, 106):
            pace = next_pace(pace, history, [], LIMITS, now)
            sizes.append(pace.batch_size)

        assert sizes == [1_600, 1_600, 3_200, 6_400]

    def test_a_lull_does_not_count(self):
        history, pace = [Batch(1_600, 0.016)] * 20, Pace(1_600)

        for now in range(20):
            pace = next_pace(pace, history, [], LIMITS, now, is_shared=now % 4 == 0)

        assert pace.batch_size == 1_600

    def test_the_shared_target_never_makes_batches_longer(self):
        limits = replace(LIMITS, target_seconds=0.01)

        pace = next_pace(Pace(800), [Batch(800, 0.008)], [], limits, now=0, is_shared=True)

        assert pace.batch_size == 800


class TestPause:
    @pytest.mark.parametrize(
        ("percent", "work", "seconds"),
        [
            (0, 0.2, 0.0),
            (62.9, 0.2, 0.0),  # 0.699
            (72, 0.2, 0.1),  # 0.8: half of the work
            (81, 0.2, 0.4),  # 0.9: twice
            (85.5, 0.2, 1.0),  # 0.95: five times
            (89.9, 0.2, 9.8),  # 270 times: the minimum share, 49 times
            (89, 2.0, 30.0),  # 26 times: the longest
        ],
    )
    def test_it_grows_with_the_pressure_and_with_the_work(self, percent, work, seconds):
        pace = next_pace(AT_WORK, [Batch(20_000, work)], [cpu(percent)], LIMITS, now=0)

        assert pace.pause_seconds == pytest.approx(seconds)
        assert not pace.is_waiting
        assert bool(pace.reason) == (seconds > 0)

    def test_the_highest_pressure_counts(self):
        readings = [cpu(10), Reading("memory", "%", 72, 80, 0), lag(0.1)]

        pace = next_pace(AT_WORK, WORK, readings, LIMITS, now=0)

        assert pace.pause_seconds == pytest.approx(0.4)
        assert pace.reason == "slowed: memory at 72 %, limit 80 %"

    def test_weight_scales_it_and_0_only_shows_it(self):
        halved = next_pace(AT_WORK, WORK, [cpu(144, weight=0.5)], LIMITS, now=0)
        shown = next_pace(AT_WORK, WORK, [cpu(144, weight=0), lag(None, age=99, weight=0)], LIMITS, now=0)

        assert halved.pause_seconds == pytest.approx(0.1)
        assert halved.reason == "slowed: cpu at 144 %, limit 180 %"
        assert (shown.pause_seconds, shown.is_waiting, shown.reason) == (0, False, "")

    def test_the_developers_pause_is_the_least(self):
        limits = replace(LIMITS, pause_seconds=0.3)

        found = [next_pace(AT_WORK, WORK, [cpu(percent)], limits, now=0) for percent in (10, 72, 81)]

        assert [pace.pause_seconds for pace in found] == pytest.approx([0.3, 0.3, 0.4])
        assert [pace.reason for pace in found] == ["", "", "slowed: cpu at 81 %, limit 90 %"]

    def test_a_limit_of_0_allows_nothing(self):
        none, some = (Reading("lock_waiters", "sessions", value, 0, 0) for value in (0, 0.1))

        assert (none.pressure, some.pressure) == (0, 2)
        assert not next_pace(AT_WORK, WORK, [none], LIMITS, now=0).is_waiting
        assert next_pace(AT_WORK, WORK, [some], LIMITS, now=0).is_waiting

    def test_what_is_no_number_was_not_read(self):
        assert [cpu(value).pressure for value in (None, math.nan, math.inf, -5)] == [None, None, None, 0]


class TestWaits:
    def test_they_double_up_to_a_minute_and_begin_anew(self):
        limits = replace(LIMITS, min_share=0)

        found = waited_out([cpu(90)], until=250, limits=limits)

        assert [pace.pause_seconds for _, pace in found] == [1, 2, 4, 8, 16, 32, 60, 1, 2, 4, 8, 16, 32, 60, 1, 2, 4]
        assert all(pace.is_waiting and pace.reason == "waiting: cpu at 90 %, limit 90 %" for _, pace in found)

    def test_they_end_below_nine_tenths_of_the_limit(self):
        begun, under_the_limit, below = paces((0, [cpu(95)]), (1, [cpu(82)]), (3, [cpu(80)]))

        assert [pace.is_waiting for pace in (begun, under_the_limit, below)] == [True, True, False]
        assert under_the_limit.reason == "waiting: cpu at 82 %, going on below 81 %"
        assert (below.pause_seconds, below.reason) == (0, "")  # it has waited long enough

    def test_they_are_part_of_the_developers_pause(self):
        limits = replace(LIMITS, pause_seconds=5)

        found = paces((0, [cpu(95)]), (1, [cpu(50)]), (9, [cpu(95)]), (17, [cpu(50)]), limits=limits)

        assert [pace.pause_seconds for pace in found] == [1, 4, 1, 0]

    def test_the_next_series_begins_with_a_second(self):
        found = paces((0, [cpu(95)]), (1, [cpu(95)]), (3, [cpu(50)]), (4, [cpu(95)]))

        assert [pace.pause_seconds for pace in found] == [1, 2, 0, 1]

    def test_the_batch_after_a_wait_is_not_larger(self):
        history = [Batch(1_000, 0.01)]

        found = paces((0, [cpu(95)]), (1, [cpu(95)]), (3, [cpu(50)]), (4, [cpu(50)]), pace=Pace(1_000), history=history)

        assert [pace.batch_size for pace in found] == [1_000, 1_000, 1_000, 2_000]

    def test_a_run_is_overloaded_after_a_minute_at_one_and_a_half_until_it_may_go_on(self):
        heavy, less = [lag(15)], [lag(12)]
        asked = [(0, heavy), (59, heavy), (60, heavy), (61, less), (62, [lag(9.5)]), (63, [lag(8)]), (64, heavy)]

        assert [pace.is_overloaded for pace in paces(*asked)] == [False, False, True, True, True, False, False]

    def test_less_than_one_and_a_half_in_between_begins_the_minute_anew(self):
        heavy, less = [lag(15)], [lag(14.9)]

        found = paces((0, heavy), (50, less), (51, heavy), (100, heavy), (111, heavy))

        assert [pace.is_overloaded for pace in found] == [False, False, False, False, True]


class TestMinimumShare:
    @pytest.mark.parametrize(
        ("work", "share", "first", "second"),
        [
            (0.2, 0.02, 30, 9.8),
            (0.02, 0.02, 30, 0.98),  # the database is left alone for 30 s first, whatever the batch
            (2.0, 0.02, 98, 98),
            (0.2, 0.5, 30, 0.2),
        ],
    )
    def test_a_wait_for_a_load_gauge_ends_with_a_batch(self, work, share, first, second):
        history, limits = [Batch(1_000, work)], replace(LIMITS, min_share=share)

        found = waited_out([cpu(200)], until=1_000, limits=limits, history=history)
        (now, pace) = found[-1]
        again = waited_out([cpu(200)], until=1_000, limits=limits, history=history, pace=pace, now=now + work)

        assert now == pytest.approx(first, abs=0.02)
        assert again[-1][0] - again[0][0] == pytest.approx(second, abs=0.02)
        assert not pace.is_waiting
        assert (pace.pause_seconds, pace.reason) == (0, "")

    def test_that_batch_is_not_larger_but_may_be_smaller(self):
        cheap = waited_out([cpu(200)], until=99, pace=Pace(1_000), history=[Batch(1_000, 0.01)])
        dear = waited_out([cpu(200)], until=999, pace=Pace(1_000), history=[Batch(1_000, 1.0)])

        assert (cheap[-1][1].batch_size, dear[-1][1].batch_size) == (1_000, 200)

    def test_without_a_share_the_wait_never_ends_by_itself(self):
        found = waited_out([cpu(200)], until=50_000, limits=replace(LIMITS, min_share=0))

        assert all(pace.is_waiting for _, pace in found)

    @pytest.mark.parametrize("reading", [lag(10), lag(300), lag(None, age=15), lag(3, age=15)])
    def test_a_lag_gauge_is_not_overridden(self, reading):
        found = waited_out([reading, cpu(200)], until=50_000)

        assert all(pace.is_waiting for _, pace in found)

    def test_a_lag_gauge_between_the_bounds_stops_only_if_it_was_over(self):
        was_over = paces((0, [lag(10), cpu(200)]), (500, [lag(9.5), cpu(200)]), (501, [lag(8.9), cpu(200)]))
        never_over = paces((0, [lag(9.5), cpu(200)]), (500, [lag(9.5), cpu(200)]))

        assert [pace.is_waiting for pace in was_over] == [True, True, False]
        assert [pace.is_waiting for pace in never_over] == [True, False]


class TestBlindGauges:
    def test_a_lag_gauge_stops_the_next_batch_after_15_seconds(self):
        found = paces((0, [lag(1)]), (14.9, [lag(None, 14.9)]), (15, [lag(None, 15)]), (16, [lag(1)]))

        assert [pace.is_waiting for pace in found] == [False, False, True, False]

    def test_one_that_was_never_read_counts_from_the_first_attempt(self):
        found = paces((0, [lag(None, 0)]), (14, [lag(None, 14)]), (17, [lag(None, 17, detail="connection refused")]))

        assert [pace.is_waiting for pace in found] == [False, False, True]
        assert found[-1].reason == "waiting: no reading of replica_lag for 17 s (connection refused)"

    def test_a_load_gauge_holds_pause_and_size(self):
        history = [Batch(1_000, 0.01)]

        seen, blind = paces((0, [cpu(72)]), (17, [cpu(None, 17, detail="no /proc")]), pace=Pace(1_000), history=history)

        assert (seen.batch_size, blind.batch_size) == (2_000, 2_000)
        assert blind.pause_seconds == pytest.approx(seen.pause_seconds) == pytest.approx(0.005)
        assert blind.reason == "slowed: no reading of cpu for 17 s (no /proc)"

    def test_one_that_made_no_pause_makes_none_but_is_told(self):
        pace = last_pace((0, [cpu(50)]), (20, [cpu(None, 20)]))

        assert (pace.pause_seconds, pace.reason) == (0, "held: no reading of cpu for 20 s")

    def test_others_still_slow_the_run_and_let_it_go_on(self):
        blind, memory = cpu(None, 20), [Reading("memory", "%", percent, 80, 0) for percent in (76, 10)]

        slowed, free = paces((0, [blind, memory[0]]), (20, [blind, memory[1]]))

        assert slowed.pause_seconds == pytest.approx(1.0)
        assert slowed.reason == "slowed: memory at 76 %, limit 80 %"
        assert free.pause_seconds == 0

    def test_overlong_batches_still_shrink(self):
        pace = last_pace((0, [cpu(None, 20)]), history=[Batch(20_000, 2.0)])

        assert pace.batch_size == 2_000

    @pytest.mark.parametrize("unread", [lag(None, 1), cpu(None, 1)])
    def test_a_wait_does_not_end_by_a_gauge_that_fails(self, unread):
        over = [lag(20), cpu(120)]
        readings = [unread if reading.gauge == unread.gauge else replace(reading, value=1) for reading in over]

        assert [pace.is_waiting for pace in paces((0, over), (1, readings))] == [True, True]

    def test_a_gauge_that_is_gone_counts_no_longer(self):
        assert [pace.is_waiting for pace in paces((0, [lag(20)]), (1, []))] == [True, False]


class TestWords:
    @pytest.mark.parametrize(
        ("reading", "reason"),
        [
            (lag(12.34), "waiting: standby s1 is 12.3 s behind, limit 10 s"),
            (
                Reading("replica_lag_bytes", "bytes", 300_012_345, 256e6, 0, is_lag=True, detail="standby s1"),
                "waiting: standby s1 is 300 MB behind, limit 256 MB",
            ),
            (lag(12.34, detail=""), "waiting: replica_lag at 12.3 s, limit 10 s"),
            (cpu(93.4), "waiting: cpu at 93 %, limit 90 %"),
            (Reading("disk_free", "%", 97, 95, 0, detail="/data"), "waiting: disk_free (/data) at 97 %, limit 95 %"),
            (Reading("sessions", "sessions", 20, 16, 0), "waiting: sessions at 20 sessions, limit 16 sessions"),
            (Reading("queue", "", 12_345.6, 1_000, 0), "waiting: queue at 12,346, limit 1,000"),
        ],
    )
    def test_a_reason_names_gauge_value_and_limit(self, reading, reason):
        assert next_pace(AT_WORK, WORK, [reading], LIMITS, now=0).reason == reason

    def test_numbers_have_three_digits_or_all_whole_ones(self):
        figures = [
            (93.4, "%"),
            (0.52, "%"),
            (0.0123, "s"),
            (12.34, "s"),
            (999.7, "s"),
            (1_234, "s"),
            (5, "bytes"),
            (3e9, "B"),
        ]

        assert [amount(*figure) for figure in figures] == [
            "93 %", "0.52 %", "0.0123 s", "12.3 s", "1,000 s", "1,234 s", "0 MB", "3,000 MB",
        ]  # fmt: skip


numbers = st.floats(allow_nan=True, allow_infinity=True)
readings = st.builds(
    Reading,
    st.sampled_from(["cpu", "memory", "replica_lag"]),
    st.sampled_from(["%", "s", "bytes", ""]),
    st.none() | numbers,
    st.floats(0, 1e12),
    st.floats(0, 1e6),
    st.booleans(),
    st.sampled_from(["", "standby s1"]),
    st.floats(0, 10),
)
batches = st.builds(Batch, st.integers(0, 10**7), st.floats(0, 1e4))
some_limits = st.builds(
    Limits,
    st.none() | st.integers(1, 10**6),
    pause_seconds=st.floats(0, 60),
    min_share=st.floats(0, 1),
    target_seconds=st.floats(0.001, 10),
)
asked = st.tuples(st.lists(batches, max_size=20), st.lists(readings, max_size=4), st.floats(0, 100), st.booleans())


@given(some_limits, st.lists(asked, max_size=8))
def test_whatever_is_read_the_pace_is_one_that_can_be_kept(limits, questions):
    pace, now = first_pace(limits), 0.0

    for history, said, passed, is_shared in questions:
        now += passed
        pace = next_pace(pace, history, said, limits, now, is_shared)

        allowed = (limits.batch_size,) * 2 if limits.batch_size else (100, 100_000)
        assert allowed[0] <= pace.batch_size <= allowed[1]
        assert 0 <= pace.pause_seconds <= 60
        assert not pace.is_waiting or (pace.pause_seconds > 0 and pace.reason.startswith("waiting: "))
        assert pace.is_waiting or not any(
            reading.is_lag and reading.weight and (reading.is_blind or (reading.pressure or 0) >= 1) for reading in said
        )


class TestFixedSchedule:
    @pytest.mark.parametrize(
        ("percent", "size", "pause", "reason"),
        [
            (0, 1_200, 0.05, ""),
            (29.9, 1_200, 0.05, ""),
            (30, 1_000, 0.05, ""),
            (49.9, 1_000, 0.05, ""),
            (50, 1_000, 0.1, "slowed: cpu at 50 %, over 50 %"),
            (80, 1_000, 0.1, "slowed: cpu at 80 %, over 50 %"),
            (80.1, 800, 0.5, "slowed: cpu at 80 %, over 80 %"),
        ],
    )
    def test_load_alone_sets_size_and_pause(self, percent, size, pause, reason):
        found = baseline_pace(first_pace(LIMITS), WORK, [cpu(percent), lag(99)], LIMITS, now=0)

        assert found == Pace(size, pause, reason)

    def test_the_higher_one_of_cpu_and_memory_counts(self):
        found = baseline_pace(Pace(1_000), WORK, [cpu(10), Reading("memory", "%", 90, 80, 0)], LIMITS, now=0)

        assert found == Pace(800, 0.5, "slowed: memory at 90 %, over 80 %")

    def test_sizes_stay_between_100_and_5000(self):
        smallest = baseline_pace(Pace(110), WORK, [cpu(95)], LIMITS, now=0)
        largest = baseline_pace(Pace(4_900), WORK, [cpu(5)], LIMITS, now=0)
        fixed = baseline_pace(Pace(7), WORK, [cpu(5)], replace(LIMITS, batch_size=7), now=0)

        assert (smallest.batch_size, largest.batch_size, fixed.batch_size) == (100, 5_000, 7)

    def test_an_unknown_load_counts_as_a_middle_one(self):
        found = baseline_pace(Pace(1_000), WORK, [cpu(5, age=20), lag(1)], LIMITS, now=0)

        assert found == Pace(1_000, 0.1, "held: no reading of cpu or memory")

    def test_the_developers_pause_is_the_least(self):
        found = baseline_pace(Pace(1_000), WORK, [cpu(60)], replace(LIMITS, pause_seconds=0.2), now=0)

        assert found == Pace(1_000, 0.2, "")
