"""What a site is made of: frozen values, and the hours in which phones are permitted somewhere."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from detector.types import Technology

__all__ = [
    "BOX_M",
    "Antenna",
    "Cell",
    "Hours",
    "Image",
    "Jammer",
    "Landing",
    "Plan",
    "Point",
    "Reference",
    "SensorPlace",
    "Site",
    "TestPhone",
    "Wall",
    "Wing",
    "Zone",
    "parse_hours",
]

Point: TypeAlias = tuple[float, float, float]
Flat: TypeAlias = tuple[float, float]

BOX_M: Final[Point] = (4.0, 2.5, 3.0)
"""The box of a cell of which nothing else is said."""

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS: Final = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? (\d\d):(\d\d)-(\d\d):(\d\d)", re.ASCII)
DAY_MINUTES: Final = 24 * 60
DAYS_BACK: Final = 10
"""Hours that go past midnight ended within so many days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Minutes of some days of the week, Monday being 0; past midnight if they end before they begin.

    Parameters
    ----------
    start_min, end_min
        Minutes after midnight by the site's own clock, the end not included.
    """

    days: tuple[int, ...]
    start_min: int
    end_min: int

    def holds(self, local: datetime) -> bool:
        """Whether an instant, in the site's time zone, lies within."""
        minute, day = local.hour * 60 + local.minute, local.weekday()
        if self.start_min < self.end_min:
            return day in self.days and self.start_min <= minute < self.end_min
        return (day in self.days and minute >= self.start_min) or ((day - 1) % 7 in self.days and minute < self.end_min)

    def latest(self, local: datetime) -> tuple[datetime, datetime]:
        """When these hours last began and ended, the end at an instant or before it, both by the site's own clock."""
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        over_min = self.end_min if self.start_min < self.end_min else self.end_min + DAY_MINUTES
        for back in range(DAYS_BACK):
            day = midnight - timedelta(days=back)
            begin, end = (day + timedelta(minutes=minutes) for minutes in (self.start_min, over_min))
            if day.weekday() in self.days and end.replace(fold=1) <= local:
                return begin, end
        raise AssertionError("hours come round once a week")

    def __str__(self) -> str:
        days = DAYS[self.days[0]] if len(self.days) == 1 else f"{DAYS[self.days[0]]}-{DAYS[self.days[-1]]}"
        return f"{days} {clock(self.start_min)}-{clock(self.end_min)}"


def clock(minutes: int) -> str:
    """Minutes after midnight as a clock shows them."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def parse_hours(text: str) -> Hours:
    """Read hours such as ``mon-fri 07:00-19:30`` or ``sat 22:00-06:00``.

    Raises
    ------
    ValueError
        If they are anything else.
    """
    match = HOURS.fullmatch(text)
    if match is None or match[1] not in DAYS or (match[2] or "mon") not in DAYS:
        raise ValueError(f"{text!r} is not hours such as 'mon-fri 07:00-19:30'")
    first = DAYS.index(match[1])
    last = DAYS.index(match[2]) if match[2] else first
    start_min, end_min = int(match[3]) * 60 + int(match[4]), int(match[5]) * 60 + int(match[6])
    if max(int(match[4]), int(match[6])) > 59 or max(start_min, end_min) > DAY_MINUTES or start_min == end_min:
        raise ValueError(f"{text!r}: the times are not two different ones between 00:00 and 24:00")
    return Hours(
        days=tuple((first + n) % 7 for n in range((last - first) % 7 + 1)), start_min=start_min, end_min=end_min
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wing:
    """A wing, the name that staff use for it, and what its sensors are to hear.

    Parameters
    ----------
    bands
        Uplink bands by their names in the country's band plan; those that its sensors listen to if none is named.
    heard_share
        How much of each band the scan plan promises to listen to at some time; None where nothing is promised.
    """

    name: str
    title: str
    bands: tuple[str, ...] = ()
    heard_share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """A storey of a wing, and the name that staff use for it."""

    name: str
    wing: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell: the middle and the size of its box [m], and its outline on its landing's floor plan, if it has one."""

    name: str
    wing: str
    landing: str
    centre_m: Point
    size_m: Point = BOX_M
    polygon: tuple[Flat, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Where phones are permitted, such as a staff room or the gate; always, or in these hours."""

    name: str
    centre_m: Point
    size_m: Point = BOX_M
    wing: str | None = None
    hours: tuple[Hours, ...] = ()

    def permits(self, local: datetime) -> bool:
        """Whether phones are permitted at an instant, in the site's time zone."""
        return not self.hours or any(hours.holds(local) for hours in self.hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Antenna:
    """An antenna as far as it is known: gain over an isotropic one, and the loss of its cable."""

    model: str = ""
    gain_dbi: float | None = None
    cable_db: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorPlace:
    """Where a sensor stands, and what it listens with; one on the perimeter belongs to no wing.

    Parameters
    ----------
    receivers
        Such as ``rtlsdr:00000001``, as far as known.
    bands
        Which of its wing's bands it is to hear; all of them if none is named.
    """

    name: str
    place_m: Point
    wing: str | None = None
    receivers: tuple[str, ...] = ()
    antenna: Antenna | None = None
    bands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A carrier that is always on air, such as a broadcast: the sensors that visit it, all if none is named."""

    name: str
    frequency_hz: float
    sensors: tuple[str, ...] = ()

    def is_of(self, sensor: str) -> bool:
        """Whether a sensor visits it."""
        return not self.sensors or sensor in self.sensors


@dataclass(frozen=True, slots=True, kw_only=True)
class Jammer:
    """A jammer of the site's own: where it is heard, in all wings and bands if none is named, always or in these hours."""

    name: str
    wings: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    hours: tuple[Hours, ...] = ()

    def is_on(self, local: datetime) -> bool:
        """Whether it is to be on at an instant, in the site's time zone."""
        return not self.hours or any(hours.holds(local) for hours in self.hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestPhone:
    """A permitted phone that speaks at set times, so that the whole chain is proved.

    Parameters
    ----------
    wing
        Whose sensors must hear it.
    hours
        It speaks at least once in each of these.
    channel
        Such as ``ARFCN 36``; any if None.
    """

    __test__ = False

    name: str
    wing: str
    technology: Technology
    hours: tuple[Hours, ...]
    channel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """A wall as far as it is known: its ends seen from above [m], and what passing it costs [dB]."""

    start_m: Flat
    end_m: Flat
    loss_db: float | None = None
    landing: str | None = None


class Image(StrEnum):
    """What a floor plan may be drawn in."""

    SVG = "image/svg+xml"
    PNG = "image/png"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The floor plan of a landing: a picture, and its size in the units of the cells' outlines."""

    landing: str
    media: Image
    data: bytes
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A prison."""

    name: str
    country: str
    time_zone: str
    wings: tuple[Wing, ...]
    cells: tuple[Cell, ...]
    sensors: tuple[SensorPlace, ...]
    landings: tuple[Landing, ...] = ()
    zones: tuple[Zone, ...] = ()
    walls: tuple[Wall, ...] = ()
    plans: tuple[Plan, ...] = ()
    references: tuple[Reference, ...] = ()
    jammers: tuple[Jammer, ...] = ()
    test_phones: tuple[TestPhone, ...] = ()

    def wing_of(self, sensor: str) -> str | None:
        """The wing in which a sensor stands; None on the perimeter.

        Raises
        ------
        KeyError
            If the site has no such sensor.
        """
        for place in self.sensors:
            if place.name == sensor:
                return place.wing
        raise KeyError(f"sensor {sensor!r} is not in the site")

    @property
    def all_landings(self) -> tuple[Landing, ...]:
        """The landings that are declared, or else those that the cells name."""
        if self.landings:
            return self.landings
        named = dict.fromkeys((cell.landing, cell.wing) for cell in self.cells)
        return tuple(Landing(name=name, wing=wing, title=name) for name, wing in named)
