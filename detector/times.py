"""Instants of the world as text and as numbers: RFC 3339 in UTC, and whole microseconds since 1970.

Time inside the core is a sample index; this is the edge at which it has become UTC. Nothing here reads a clock.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

__all__ = ["format_utc", "from_microseconds", "parse_utc", "to_microseconds"]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
UTC_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)


def format_utc(time: datetime) -> str:
    """An instant as RFC 3339 in UTC, to the microsecond: ``2026-03-01T12:00:00.250000Z``.

    Raises
    ------
    ValueError
        If the time does not know its zone.
    """
    if time.tzinfo is None:
        raise ValueError(f"time={time} has no time zone")
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_utc(text: str) -> datetime:
    """Read an instant in RFC 3339; it must be in UTC and end with Z.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    if UTC_TIME.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a time such as 2026-03-01T12:00:00Z")
    return datetime.fromisoformat(text)


def to_microseconds(time: datetime) -> int:
    """Whole microseconds since 1970, exact."""
    return (time - EPOCH) // timedelta(microseconds=1)


def from_microseconds(time_us: int) -> datetime:
    """The instant that many microseconds after 1970 began."""
    return EPOCH + timedelta(microseconds=time_us)
