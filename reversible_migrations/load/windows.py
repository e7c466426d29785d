"""
When a run may work: times of the day by the clock on the wall, on chosen weekdays, in a time zone.

    01:00-09:00
    22:00-06:00,12:30-13:30
    Mon-Fri 22:00-06:00; Sat,Sun 00:00-24:00 Europe/Berlin
"""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MINUTES_OF_DAY = 24 * 60
EXAMPLE = "Mon-Fri 22:00-06:00; Sat,Sun 00:00-24:00 Europe/Berlin"
OUTSIDE = "outside its window"  # how a wait for one is written down
DAYS_AHEAD = 16  # a weekly window that the clocks skip once comes after two weeks at the latest


@dataclass(frozen=True)
class Window:
    """From ``opens`` to before ``closes``, in minutes after the midnight with which one of ``weekdays`` begins."""

    weekdays: frozenset[int]  # 0 is Monday
    opens: int
    closes: int  # over 1,440: on the next day

    def holds(self, day: date, minutes: float) -> bool:
        """Return whether the wall clock stands inside at ``minutes`` after the midnight of ``day``."""
        yesterday = (day.weekday() - 1) % 7
        return (day.weekday() in self.weekdays and self.opens <= minutes < self.closes) or (
            yesterday in self.weekdays and minutes + MINUTES_OF_DAY < self.closes
        )


@dataclass(frozen=True)
class Windows:
    """
    The times at which a run may work, by the wall clock of ``zone``.

    Where clocks go forward, a window that would open in the hour left out opens right after it; where
    they go back, an hour that comes twice is inside both times, or outside both times.
    """

    text: str
    windows: tuple[Window, ...]
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, timezone: str) -> "Windows":
        """
        Return the windows of ``text``; ``timezone`` counts where it names none.

        The grammar is ``[weekdays] times; [weekdays] times ... [zone]``, with several weekdays or times
        separated by commas. Weekdays are those on which a window opens: "Fri 22:00-06:00" is open on
        Saturday at 5:00. An end may be 24:00. Raise ``ValueError`` that names the faulty part.
        """
        parts = [re.sub(r"\s*([-,])\s*", r"\1", part).split() for part in text.split(";")]
        if len(parts[-1]) > 1 and not _is_times(parts[-1][-1]):
            timezone = parts[-1].pop()
        zone = _zone(timezone, text)
        return cls(text, tuple(window for part in parts for window in _windows(part, text)), zone)

    def is_open(self, at: datetime) -> bool:
        """Return whether ``at``, an aware time, is inside a window."""
        wall = _aware(at).astimezone(self.zone)
        minutes = wall.hour * 60 + wall.minute
        return any(window.holds(wall.date(), minutes) for window in self.windows)

    def opens_at(self, at: datetime) -> datetime:
        """Return the first moment from ``at`` on that is inside a window, in UTC; ``at`` itself if it is open."""
        found = self._first(at, is_open=True)
        if found is None:
            raise ValueError(f"window {self.text!r} does not open within {DAYS_AHEAD} days after {at}")
        return found

    def closes_at(self, at: datetime) -> datetime | None:
        """Return the first moment from ``at`` on that is outside, in UTC; ``at`` if it is closed, None if never."""
        return self._first(at, is_open=False)

    def seconds_until_open(self, at: datetime) -> float:
        """Return the seconds until work may begin, 0 while it is open."""
        return (self.opens_at(at) - at).total_seconds()

    def _first(self, at: datetime, is_open: bool) -> datetime | None:
        # In UTC, since Python compares and subtracts two times of one zone by their wall clocks.
        begin = _aware(at).astimezone(UTC)
        if self.is_open(begin) == is_open:
            return begin
        return next((moment for moment in self._moments(begin) if self.is_open(moment) == is_open), None)

    def _moments(self, begin: datetime) -> Iterator[datetime]:
        """Return all moments after ``begin`` at which a window may open or close, in order."""
        first = begin.astimezone(self.zone).date() - timedelta(days=1)
        edges = {minute % MINUTES_OF_DAY for window in self.windows for minute in (window.opens, window.closes)}
        found = set(_clock_changes(begin, self.zone))
        for day in (first + timedelta(days=number) for number in range(DAYS_AHEAD + 2)):
            for edge in edges:
                wall = datetime.combine(day, time(edge // 60, edge % 60), self.zone)
                found |= {wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)}
        return (moment for moment in sorted(found) if moment > begin)


def _clock_changes(begin: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Return the moments at which the zone's clocks change, found by halving the days on which they do."""
    for number in range(DAYS_AHEAD):
        before, after = begin + timedelta(days=number), begin + timedelta(days=number + 1)
        before, after = before.replace(microsecond=0), after.replace(microsecond=0)
        offset = before.astimezone(zone).utcoffset()
        if after.astimezone(zone).utcoffset() == offset:
            continue
        while after - before > timedelta(seconds=1):
            middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
            is_later = middle.astimezone(zone).utcoffset() == offset
            before, after = (middle, after) if is_later else (before, middle)
        yield after


def _aware(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError(f"an aware time is needed, not {at!r}")
    return at


# Reading


def _windows(words: list[str], text: str) -> list[Window]:
    if len(words) == 2 and not _is_times(words[1]):
        raise _fault(text, f"{words[1]!r} stands where a time is expected (a time zone comes last of all)")
    if not 1 <= len(words) <= 2 or (len(words) == 2 and _is_times(words[0])):
        what = f"{' '.join(words)!r} is more than weekdays and times" if words else "a part is empty"
        raise _fault(text, f"{what}; times are separated by a comma, parts by a semicolon")
    weekdays = _weekdays(words[0], text) if len(words) == 2 else frozenset(range(7))
    return [_window(weekdays, part, text) for part in words[-1].split(",")]


def _window(weekdays: frozenset[int], span: str, text: str) -> Window:
    begin, dash, end = span.partition("-")
    if not (dash and begin and end):
        raise _fault(text, f"{span!r} is no pair of times such as 01:00-09:00")
    opens, closes = _minutes(begin, text), _minutes(end, text)
    if opens == MINUTES_OF_DAY:
        raise _fault(text, f"{span!r} begins at 24:00, which can only be an end; write 00:00")
    if opens == closes:
        raise _fault(text, f"{span!r} is empty; a whole day is 00:00-24:00")
    return Window(weekdays, opens, closes if closes > opens else closes + MINUTES_OF_DAY)


def _minutes(clock: str, text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,2}):([0-5][0-9])", clock)
    minutes = int(found[1]) * 60 + int(found[2]) if found else MINUTES_OF_DAY + 1
    if minutes > MINUTES_OF_DAY:
        raise _fault(text, f"{clock!r} is no time of day such as 01:00 or 22:30")
    return minutes


def _weekdays(names: str, text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in names.split(","):
        first, dash, last = part.partition("-")
        begin = _weekday(first, text)
        end = _weekday(last, text) if dash else begin
        found |= {(begin + number) % 7 for number in range((end - begin) % 7 + 1)}
    return frozenset(found)


def _weekday(name: str, text: str) -> int:
    if name.capitalize() not in WEEKDAYS:
        raise _fault(text, f"{name!r} is no weekday; they are {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(name.capitalize())


def _zone(name: str, text: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = difflib.get_close_matches(name, available_timezones(), n=1)
        hint = f"did you mean {near[0]}?" if near else "write it like Europe/Berlin or UTC"
        raise _fault(text, f"{name!r} is no time zone; {hint}") from None


def _is_times(word: str) -> bool:
    return word[0].isdigit()


def _fault(text: str, what: str) -> ValueError:
    return ValueError(f"window {text!r}: {what}. Right is, for example, {EXAMPLE!r}.")
