"""The pace in simulated worlds: how soon it gets where, and what it never does, over hundreds of batches."""

from dataclasses import replace
from itertools import pairwise

import pytest

from reversible_migrations.load.baseline import baseline_pace
from reversible_migrations.load.pace import Limits, Reading

from .simulation import Standby, World, cpu

T = Limits().target_seconds
SEEDS = range(10)
SPREAD = 0.2  # sigma of the lognormal noise; its 90th percentile is 1.29 times the median


def noisy(seed, **facts):
    return World(noise=SPREAD, spike_every=50, seed=seed, **facts)


def overlong(events):
    return sum(event.seconds > 1.5 * T for event in events) / len(events)


def aimed_size(world, slowness=1.0):
    """Return the rows whose batch takes 0.8 of the target, when all rows are ``slowness`` times as slow as usual."""
    return (0.8 * T / slowness - world.fixed_seconds) / world.seconds_per_row(world.now)


def batches_to(size, events):
    """Return how many batches were done before the first one within 20 % of ``size``."""
    return next(number for number, event in enumerate(events) if abs(event.rows - size) <= 0.2 * size)


class TestBatchSize:
    def test_it_ramps_to_the_target_in_five_batches_where_nothing_disturbs(self):
        world = World()

        events = world.run(60)

        assert events[0].rows == 1_000
        assert batches_to(aimed_size(world), events) <= 5
        assert all(0.7 * T <= event.seconds <= 0.9 * T for event in events[6:])

    @pytest.mark.parametrize("fixed_seconds", [0.0005, 0.002, 0.005])
    @pytest.mark.parametrize("seed", SEEDS)
    def test_it_ramps_to_the_target_within_20_batches_beside_noise(self, seed, fixed_seconds):
        world = noisy(seed, fixed_seconds=fixed_seconds)

        events = world.run(40)

        assert batches_to(aimed_size(world, slowness=1.29), events) <= 20

    @pytest.mark.parametrize("microseconds", [0.5, 100, 1_500])
    def test_cheap_and_dear_rows_are_met_alike(self, microseconds):
        world = World(seconds_per_row=lambda now: microseconds / 1e6)

        events = world.run(40)

        wanted = min(max(aimed_size(world), 100), 100_000)
        assert batches_to(wanted, events) <= 20
        assert abs(events[-1].rows - wanted) <= 0.2 * wanted

    @pytest.mark.parametrize("seed", SEEDS)
    def test_fewer_than_3_percent_of_batches_are_overlong_beside_noise_and_spikes(self, seed):
        events = noisy(seed).run(1_020)

        assert overlong(events[20:]) < 0.03

    @pytest.mark.parametrize("seed", SEEDS)
    def test_a_table_that_grows_slower_has_no_more_of_them(self, seed):
        world = noisy(seed, seconds_per_row=lambda now: 10e-6 * (1 + now / 60))  # four times as slow in the end

        events = world.run(1_020)

        assert events[-1].rows < events[40].rows / 2
        assert overlong(events[20:]) < 0.03

    @pytest.mark.parametrize("factor", [2, 5, 20])
    def test_rows_that_get_dearer_at_once_are_followed_within_2_batches(self, factor):
        world = World(seconds_per_row=lambda now: 10e-6 * (factor if now > 20 else 1))

        after = [event for event in world.run(200) if event.began > 20]

        assert after[0].seconds > 1.5 * T
        assert all(event.seconds <= T for event in after[3:])

    @pytest.mark.parametrize("seed", SEEDS)
    def test_a_doubled_cost_is_followed_within_5_batches_beside_noise(self, seed):
        world = World(noise=SPREAD, seed=seed, seconds_per_row=lambda now: 10e-6 * (2 if now > 20 else 1))

        after = [event for event in world.run(400) if event.began > 20]

        assert all(event.rows <= aimed_size(world) for event in after[5:20])
        assert overlong(after[5:]) < 0.01

    def test_a_halved_cost_is_followed_when_the_dear_batches_are_nearly_forgotten(self):
        world = World(seconds_per_row=lambda now: 10e-6 * (0.5 if now > 20 else 1))

        after = [event for event in world.run(200) if event.began > 20]

        assert batches_to(aimed_size(world), after) <= 20
        assert overlong(after) == 0

    def test_beside_others_batches_are_short_within_2_batches_and_long_again_when_they_left(self):
        world = World(is_shared=lambda now: 10 < now < 20)

        events = world.run(until=30)

        beside = [event for event in events if 10 < event.began < 20]
        assert all(event.seconds <= 0.02 for event in beside[2:])
        lull = [event for event in events if 20 < event.began < 24.9]
        assert all(event.seconds <= 0.02 for event in lull)
        assert events[-1].seconds > 0.7 * T


class TestPressure:
    def test_a_busy_host_slows_the_run_and_a_free_one_does_not(self):
        world = World(gauges=lambda now: [cpu(81 if 10 < now < 40 else 40)])

        events = world.run(until=60)

        busy = [event for event in events if 10.5 < event.began < 40]
        assert sum(event.seconds for event in busy) / 30 == pytest.approx(1 / 3, abs=0.05)  # pauses of twice the work
        assert all(event.rested == 0 for event in events if event.began < 10 or event.began > 41)

    def test_a_load_that_answers_to_the_run_settles_below_its_limit(self):
        shares = []

        def gauges(now):
            busy = sum(seconds for began, seconds in shares if began > now - 5) / 5
            return [cpu(60 + 60 * busy)]  # 120 % if the run never paused

        world = World(gauges=gauges, after_batch=lambda now, batch: shares.append((now, batch.seconds)))
        events = world.run(until=120)

        settled = [event for event in events if event.began > 20]
        assert all(event.readings[0].pressure < 1 for event in settled)
        assert all(event.readings[0].pressure > 0.7 for event in settled)

    @pytest.mark.parametrize("target_seconds", [0.02, 0.25])
    def test_the_minimum_share_is_kept_through_an_overload(self, target_seconds):
        limits = Limits(target_seconds=target_seconds)
        world = World(gauges=lambda now: [cpu(200 if 10 < now < 610 else 50)], limits=limits)

        events = world.run(until=620)

        begun = [event for event in events if 10 < event.began < 610]
        assert begun[0].began == pytest.approx(40, abs=1)  # the database is left alone for 30 s first
        assert sum(event.seconds for event in begun) / (610 - begun[0].began) == pytest.approx(0.02, rel=0.05)
        assert all(event.rows <= begun[0].rows for event in begun)
        assert events[-1].rested == 0

    @pytest.mark.parametrize("percent", [89, 89.9, 89.999])
    def test_the_minimum_share_is_kept_just_below_a_limit(self, percent):
        events = World(gauges=lambda now: [cpu(percent)]).run(until=300)

        assert sum(event.seconds for event in events) / 300 >= 0.0195

    def test_without_a_minimum_share_nothing_is_done_in_an_overload(self):
        world = World(gauges=lambda now: [cpu(200 if now > 10 else 50)], limits=Limits(min_share=0))

        events = world.run(until=10_000)

        assert events[-1].began < 10.2

    def test_beside_a_flapping_gauge_no_batch_begins_while_it_is_over_and_the_run_gets_on(self):
        world = World(gauges=lambda now: [cpu(120 if now % 4 < 1 else 50)])

        events = world.run(until=200)

        assert all(event.readings[0].pressure < 0.9 for event in events[1:])  # the first one asks no gauge
        assert sum(event.seconds for event in events) > 0.3 * 200

    def test_two_runs_in_the_same_world_keep_the_same_pace(self):
        def events():
            return noisy(seed=3, gauges=lambda now: [cpu(60 + 40 * (now % 10) / 10)]).run(200)

        assert events() == events()


class TestLag:
    def test_a_standby_that_cannot_follow_sets_the_pace(self):
        standby = Standby(rows_per_second=20_000)
        world = World(gauges=standby.read, after_batch=standby.take)  # 100,000 rows/s, if it were not for the standby

        events = world.run(until=300)

        assert all(event.readings[0].pressure < 1 for event in events)
        settled = [event for event in events if event.began > 60]
        assert sum(event.rows for event in settled) / 240 == pytest.approx(20_000, rel=0.05)

    def test_the_run_waits_within_a_batch_of_a_paused_replay_and_goes_on_by_itself(self):
        standby = Standby(rows_per_second=200_000, paused=(20, 400), limit=2)
        world = World(gauges=standby.read, after_batch=standby.take)

        events = world.run(until=600)

        stopped = next(event for event in events if event.waits)
        assert all(event.readings[0].pressure < 1 for event in events)
        assert not [event for event in events if 22.5 < event.began < 400]
        assert stopped.waits[0].reason.startswith("waiting: standby s1 is ")
        assert any(pace.is_overloaded for pace in stopped.waits)
        assert 400 < stopped.began < 461  # a minute is the longest that it does not look
        assert events[-1].rested == 0

    def test_no_wait_ends_while_a_lag_gauge_is_over_and_one_that_is_over_every_minute_does_not_starve_the_run(self):
        def gauges(now):
            lag = Reading("replica_lag", "s", 5 + 6 * (now // 30 % 2), 10, 0, is_lag=True, detail="standby s1")
            return [lag, cpu(150 if now // 45 % 2 else 20)]

        events = World(gauges=gauges).run(until=2_000)

        assert all(event.readings[0].pressure < 1 for event in events)
        assert all(event.readings[0].pressure < 0.9 for event in events if event.waits)
        assert len({event.began // 200 for event in events}) == 10  # it gets on all the time


class TestDyingGauge:
    @staticmethod
    def dying(reading, dies, comes_back):
        def gauges(now):
            if dies < now < comes_back:
                return [replace(reading, value=None, age_seconds=now - dies, detail="connection refused")]
            return [reading]

        return gauges

    def test_a_lag_gauge_that_dies_stops_the_run_after_15_seconds_until_it_is_back(self):
        lag = Reading("replica_lag", "s", 1, 10, 0, is_lag=True, detail="standby s1")
        world = World(gauges=self.dying(lag, 10, 200))

        events = world.run(until=300)

        stopped = next(event for event in events if event.waits)
        assert not [event for event in events if 25.2 < event.began < 200]
        assert 200 < stopped.began < 261
        assert stopped.waits[0].reason == "waiting: no reading of replica_lag for 15 s (connection refused)"

    def test_a_load_gauge_that_dies_holds_the_pace_until_it_is_back(self):
        world = World(gauges=self.dying(cpu(72), 10, 200), seconds_per_row=lambda now: 10e-6 if now < 30 else 5e-6)

        events = world.run(until=300)

        blind = [event for event in events if 25.5 < event.began < 200]
        assert len({event.rows for event in blind}) == 1
        assert all(event.rested == pytest.approx(before.seconds / 2) for before, event in pairwise(blind))
        assert {event.pace.reason.split(" for ")[0] for event in blind} == {"slowed: no reading of cpu"}
        assert events[-1].rows > 1.8 * blind[-1].rows


class TestFixedSchedule:
    def test_it_is_slower_than_the_pace_that_is_found(self):
        found = World().run(until=60)

        fixed = World().run(until=60, follow=baseline_pace)

        assert max(event.rows for event in fixed) == 5_000
        assert sum(event.rows for event in fixed) < 0.7 * sum(event.rows for event in found)

    def test_it_knows_no_standby(self):
        standby = Standby(rows_per_second=20_000)
        world = World(gauges=standby.read, after_batch=standby.take)

        events = world.run(until=300, follow=baseline_pace)

        assert max(event.readings[0].pressure for event in events[1:]) < 1
