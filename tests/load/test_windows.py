"""When a window is open, by examples and by the wall clock itself, minute for minute around clock changes."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reversible_migrations.load.windows import WEEKDAYS, Windows

MINUTE = timedelta(minutes=1)
DAY = 24 * 60


def at(text, zone="UTC"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class TestText:
    @pytest.mark.parametrize(
        ("text", "open_at", "closed_at"),
        [  # 2026-07-06 is a Monday
            ("01:00-09:00", ["2026-07-06 01:00", "2026-07-12 08:59:59"], ["2026-07-06 00:59:59", "2026-07-06 09:00"]),
            ("1:00-9:00", ["2026-07-06 01:00"], ["2026-07-06 09:00"]),
            ("22:00-06:00", ["2026-07-06 22:00", "2026-07-06 05:59"], ["2026-07-06 06:00", "2026-07-06 21:59"]),
            ("22:00-00:00", ["2026-07-06 23:59"], ["2026-07-06 00:00", "2026-07-06 21:59"]),
            ("22:00-24:00", ["2026-07-06 23:59"], ["2026-07-06 00:00", "2026-07-06 21:59"]),
            ("01:00-02:00, 12:30 - 13:00", ["2026-07-06 01:30", "2026-07-06 12:30"], ["2026-07-06 02:30"]),
            (
                "Mon-Fri 22:00-06:00",
                ["2026-07-06 22:00", "2026-07-11 05:59"],  # of Friday's window, on Saturday
                ["2026-07-06 05:59", "2026-07-11 22:00", "2026-07-12 05:00"],
            ),
            (
                "sat, SUN 00:00-24:00",
                ["2026-07-11 00:00", "2026-07-12 23:59"],
                ["2026-07-10 23:59", "2026-07-13 00:00"],
            ),
            ("Sun 22:00-06:00", ["2026-07-12 23:00", "2026-07-13 05:00"], ["2026-07-12 05:00", "2026-07-13 23:00"]),
            ("Fri-Mon 01:00-02:00", ["2026-07-06 01:00", "2026-07-10 01:00"], ["2026-07-07 01:00", "2026-07-09 01:00"]),
            ("Tue-Tue 01:00-02:00", ["2026-07-07 01:00"], ["2026-07-06 01:00", "2026-07-08 01:00"]),
            (
                "Mon-Fri 22:00-06:00; Sat,Sun 00:00-24:00",
                ["2026-07-06 23:00", "2026-07-11 12:00"],
                ["2026-07-06 12:00", "2026-07-13 00:00"],
            ),
        ],
    )
    def test_it_says_when_work_may_be_done(self, text, open_at, closed_at):
        windows = Windows.parse(text, "UTC")

        assert [windows.is_open(utc(moment)) for moment in open_at] == [True] * len(open_at)
        assert [windows.is_open(utc(moment)) for moment in closed_at] == [False] * len(closed_at)

    @pytest.mark.parametrize(
        ("text", "zone"),
        [
            ("01:00-09:00", "Asia/Tokyo"),
            ("01:00-09:00 Europe/Berlin", "Europe/Berlin"),
            ("Mon 01:00-09:00; Tue 02:00-03:00 America/Port-au-Prince", "America/Port-au-Prince"),
            ("01:00-09:00 Etc/GMT-3", "Etc/GMT-3"),
        ],
    )
    def test_its_own_time_zone_goes_before_the_projects(self, text, zone):
        assert Windows.parse(text, "Asia/Tokyo").zone.key == zone

    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ("25:00-26:00", "'25:00' is no time of day such as 01:00 or 22:30"),
            ("01:60-02:00", "'01:60' is no time of day"),
            ("01:00-24:01", "'24:01' is no time of day"),
            ("0100-0900", "'0100' is no time of day"),
            ("01:00-09:00-10:00", "'09:00-10:00' is no time of day"),
            ("24:00-01:00", "'24:00-01:00' begins at 24:00, which can only be an end; write 00:00"),
            ("01:00-01:00", "'01:00-01:00' is empty; a whole day is 00:00-24:00"),
            ("00:00-00:00", "'00:00-00:00' is empty; a whole day is 00:00-24:00"),
            ("01:00", "'01:00' is no pair of times such as 01:00-09:00"),
            ("01:00-", "'01:00-' is no pair of times"),
            ("01:00-02:00,", "'' is no pair of times"),
            ("Sat,Sun", "'Sat' is no pair of times"),
            ("", "a part is empty"),
            ("01:00-02:00;", "a part is empty"),
            ("Monday 01:00-02:00", "'Monday' is no weekday; they are Mon, Tue, Wed, Thu, Fri, Sat, Sun"),
            ("Mon- 01:00-02:00", "is no time of day"),
            ("Mon,,Tue 01:00-02:00", "'' is no weekday"),
            (
                "01:00-02:00 03:00-04:00",
                "'01:00-02:00 03:00-04:00' is more than weekdays and times; times are separated",
            ),
            ("Mon 01:00-02:00 Tue 03:00-04:00", "'Mon 01:00-02:00 Tue 03:00-04:00' is more than weekdays and times"),
            ("01:00-02:00 Europe/Berln", "'Europe/Berln' is no time zone; did you mean Europe/Berlin?"),
            ("01:00-02:00 ++", "'++' is no time zone; write it like Europe/Berlin or UTC"),
            ("01:00-02:00 Europe", "'Europe' is no time zone"),
            ("01:00-02:00 ../etc/passwd", "'../etc/passwd' is no time zone"),
            ("01:00-02:00 UTC; 03:00-04:00", "'UTC' stands where a time is expected (a time zone comes last of all)"),
        ],
    )
    def test_a_fault_is_named_with_an_example_of_what_is_right(self, text, fault):
        with pytest.raises(ValueError) as refused:
            Windows.parse(text, "UTC")

        message = str(refused.value)
        assert message.startswith(f"window {text!r}: ")
        assert fault in message
        assert message.endswith("Right is, for example, 'Mon-Fri 22:00-06:00; Sat,Sun 00:00-24:00 Europe/Berlin'.")

    def test_a_time_without_zone_is_refused(self):
        with pytest.raises(ValueError, match="an aware time is needed"):
            Windows.parse("01:00-09:00", "UTC").is_open(datetime(2026, 7, 6))


class TestNextMoments:
    windows = Windows.parse("Mon-Fri 22:00-06:00; Sat,Sun 00:00-24:00", "Europe/Berlin")

    def test_while_it_is_closed(self):
        noon = at("2026-07-06 12:00:30", "Europe/Berlin")

        assert self.windows.opens_at(noon) == at("2026-07-06 22:00", "Europe/Berlin")
        assert self.windows.closes_at(noon) == noon
        assert self.windows.seconds_until_open(noon) == 10 * 3600 - 30

    def test_while_it_is_open(self):
        night = at("2026-07-10 23:00", "Europe/Berlin")  # a Friday, and the weekend follows without a gap

        assert self.windows.opens_at(night) == night
        assert self.windows.seconds_until_open(night) == 0
        assert self.windows.closes_at(night) == at("2026-07-13 00:00", "Europe/Berlin")

    def test_what_is_always_open_never_closes(self):
        always = Windows.parse("00:00-12:00,12:00-24:00", "UTC")

        assert always.closes_at(utc("2026-07-06 12:00")) is None

    def test_a_moment_may_be_given_in_any_zone(self):
        noon = at("2026-07-06 12:00", "Europe/Berlin")

        assert self.windows.seconds_until_open(noon.astimezone(ZoneInfo("Asia/Kolkata"))) == 10 * 3600


class TestClockChanges:
    def test_an_opening_that_does_not_exist_is_the_first_moment_after(self):
        windows = Windows.parse("02:30-05:00", "Europe/Berlin")  # clocks go from 2:00 to 3:00

        opening = windows.opens_at(at("2026-03-29 01:00", "Europe/Berlin"))

        assert opening == utc("2026-03-29 01:00")
        assert opening.astimezone(ZoneInfo("Europe/Berlin")).hour == 3
        assert windows.seconds_until_open(at("2026-03-29 01:00", "Europe/Berlin")) == 3600

    def test_a_window_within_the_hour_left_out_is_left_out(self):
        windows = Windows.parse("Sun 02:15-02:45", "Europe/Berlin")

        assert windows.opens_at(at("2026-03-22 02:45", "Europe/Berlin")) == at("2026-04-05 02:15", "Europe/Berlin")

    def test_an_hour_that_comes_twice_is_inside_both_times(self):
        windows = Windows.parse("02:00-03:00", "Europe/Berlin")

        assert windows.opens_at(utc("2026-10-24 12:00")) == utc("2026-10-25 00:00")
        assert windows.closes_at(utc("2026-10-25 00:00")) == utc("2026-10-25 02:00")

    def test_a_window_that_opens_within_it_opens_twice(self):
        windows = Windows.parse("02:30-04:00", "Europe/Berlin")

        assert windows.closes_at(utc("2026-10-25 00:30")) == utc("2026-10-25 01:00")
        assert windows.opens_at(utc("2026-10-25 01:00")) == utc("2026-10-25 01:30")

    def test_a_night_is_as_long_as_its_clock_makes_it(self):
        windows = Windows.parse("22:00-06:00", "Europe/Berlin")

        def hours(evening):
            opening = windows.opens_at(utc(evening))
            return (windows.closes_at(opening) - opening) / timedelta(hours=1)

        assert [hours(f"{day} 12:00") for day in ("2026-03-28", "2026-07-06", "2026-10-24")] == [7, 8, 9]


CHANGES = {
    "Europe/Berlin": ["2026-03-29 01:00", "2026-10-25 01:00"],
    "America/New_York": ["2026-03-08 07:00", "2026-11-01 06:00"],
    "Australia/Adelaide": ["2026-04-04 16:30", "2026-10-03 16:30"],  # half an hour off the full ones
    "Australia/Lord_Howe": ["2026-04-04 15:00", "2026-10-03 15:30"],  # by half an hour
    "America/Sao_Paulo": ["2018-02-18 02:00", "2018-11-04 03:00"],  # at midnight
    "Pacific/Apia": ["2011-12-30 10:00"],  # a day left out
    "Asia/Kolkata": ["2026-07-06 00:00"],  # none
}
PLACES = [(zone, change) for zone, changes in CHANGES.items() for change in changes]


@cache
def wall_clock(zone, begin, days):
    """Return the weekday and minute of the day that clocks show, for every minute of ``days`` days."""
    walls = ((begin + number * MINUTE).astimezone(ZoneInfo(zone)) for number in range(days * DAY))
    return [(wall.weekday(), wall.hour * 60 + wall.minute) for wall in walls]


def clock(minutes):
    return f"{minutes // 60:02}:{minutes % 60:02}"


@st.composite
def parts(draw):
    """Return a part of a window's text, and the minutes of the week that it means."""
    weekdays = draw(st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True))
    opens = draw(st.integers(0, DAY - 1))
    closes = draw(st.integers(0, DAY).filter(lambda minutes: minutes != opens))
    length = (closes - opens) % DAY or DAY
    means = {((day * DAY + opens + n) // DAY % 7, (opens + n) % DAY) for day in weekdays for n in range(length)}
    return f"{','.join(WEEKDAYS[day] for day in weekdays)} {clock(opens)}-{clock(closes)}", means


@given(st.sampled_from(PLACES), st.lists(parts(), min_size=1, max_size=3), st.integers(-2 * DAY, 2 * DAY))
def test_around_a_clock_change_windows_follow_the_wall_clock_minute_by_minute(place, drawn, offset):
    zone, change = place
    begin = utc(change) - timedelta(days=2)
    means = set().union(*(minutes for _, minutes in drawn))
    is_open = [wall in means for wall in wall_clock(zone, begin, 20)]
    start = 2 * DAY + offset
    now = begin + start * MINUTE

    windows = Windows.parse("; ".join(text for text, _ in drawn) + f" {zone}", "UTC")

    around = range(max(0, start - 90), start + 90)
    assert [windows.is_open(begin + number * MINUTE) for number in around] == [is_open[number] for number in around]
    opening, closing = is_open.index(True, start), None
    if False in is_open[start:]:
        closing = begin + is_open.index(False, start) * MINUTE
    assert windows.opens_at(now) == begin + opening * MINUTE
    assert windows.seconds_until_open(now) == (opening - start) * 60
    assert windows.closes_at(now) == closing
