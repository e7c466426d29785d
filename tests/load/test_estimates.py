"""The range of what is left, and its words."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reversible_migrations.load.estimates import eta_range, eta_text, weighted_percentile


class TestRange:
    def test_a_steady_rate_leaves_no_range(self):
        assert eta_range(60_000, [(1.0, 200)] * 60) == pytest.approx((300, 300))

    def test_a_rate_that_rises_leaves_one(self):
        low, high = eta_range(60_000, [(1.0, 200)] * 30 + [(1.0, 400)] * 30)

        assert (low, high) == pytest.approx((150, 300))

    def test_waits_count_as_what_they_are(self):
        working, with_waits = [(1.0, 400)] * 60, [(1.0, 400), (1.0, 0)] * 30

        assert eta_range(60_000, working) == pytest.approx((150, 150))
        assert eta_range(60_000, with_waits) == pytest.approx((300, 300))

    def test_a_batch_every_ten_seconds_is_a_rate_too(self):
        low, high = eta_range(60_000, [(1.0, 4_000 if second % 10 == 9 else 0) for second in range(60)])

        assert (low, high) == pytest.approx((150, 150))

    def test_samples_of_any_length_count_by_their_time(self):
        assert eta_range(1_000, [(0.5, 50), (2.0, 200), (0.25, 25), (1.0, 100)]) == pytest.approx((10, 10))
        assert eta_range(1_000, [(5.0, 500)]) == pytest.approx((10, 10))

    def test_a_long_wait_leaves_the_end_open(self):
        low, high = eta_range(60_000, [(1.0, 400)] * 25 + [(1.0, 0)] * 35)

        assert low == pytest.approx(150)
        assert math.isinf(high)

    def test_one_batch_before_a_long_wait_is_better_than_nothing(self):
        low, high = eta_range(1_000, [(1.0, 100)] + [(1.0, 0)] * 19)

        assert low == pytest.approx(200)
        assert math.isinf(high)

    @pytest.mark.parametrize("rates", [[], [(1.0, 0)] * 60, [(0.0, 0)]])
    def test_without_a_rate_there_is_none(self, rates):
        assert eta_range(60_000, rates) is None

    def test_nothing_left_takes_no_time(self):
        assert eta_range(0, []) == eta_range(-5, [(1.0, 5)]) == (0, 0)

    @given(st.integers(1, 10**9), st.lists(st.tuples(st.floats(0.001, 100), st.integers(0, 10**6)), max_size=60))
    def test_the_ends_are_in_order_and_hold_what_was_seen(self, rows_left, rates):
        found = eta_range(rows_left, rates)

        if found is not None:
            seen = [rows_left * seconds / rows for seconds, rows in rates if rows]
            assert 0 < min(seen) * 0.999 <= found[0] <= found[1]
        else:
            assert not any(rows for _, rows in rates)


class TestText:
    @pytest.mark.parametrize(
        ("eta", "text"),
        [
            ((180, 300), "3-5 min"),
            ((11.8, 12.3), "about 12 s"),
            ((5400, 7200), "1.5-2 h"),
            ((40, 180), "40 s to 3 min"),
            ((0.2, 0.6), "under 1 s"),
            ((0.2, 3), "0-3 s"),
            ((0, 0), "under 1 s"),
            ((89, 91), "89 s to 2 min"),
            ((3600, 3700), "60-62 min"),
            ((5399, 5401), "90 min to 1.5 h"),
            ((36_000, 40_000), "10-11 h"),
            ((100_000, 200_000), "28 h to 2.5 days"),
            ((10 * 86_400, 10.2 * 86_400), "about 10 days"),
            ((7200, math.inf), "2 h or more"),
            ((math.inf, math.inf), "unknown"),
        ],
    )
    def test_it_is_short(self, eta, text):
        assert eta_text(eta) == text


class TestWeightedPercentile:
    def test_it_is_the_smallest_value_with_its_share_of_the_weight(self):
        values = [(5.0, 1.0), (1.0, 9.0)]

        assert [weighted_percentile(values, share) for share in (0, 0.5, 0.9, 0.91, 1)] == [1, 1, 1, 5, 5]

    @given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0.01, 1)), min_size=1), st.floats(0, 1))
    def test_it_is_one_of_the_values(self, values, share):
        assert weighted_percentile(values, share) in [value for value, _ in values]
