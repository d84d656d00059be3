"""What is usual of a power that is measured over and over: learned slowly, never from what is out of bounds. Pure.

A level holds for one frequency, one gain and one state of the site's own jammers, so that none of them looks like a fault.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

__all__ = ["Bounds", "Level", "LevelKind", "Side", "known_as", "learned", "merged_into"]

MOST: Final = 64
"""Levels that are kept of one sensor; the one not met for the longest time gives way."""

STEP_HZ: Final = 1e5
"""Frequencies that differ by less are one."""


class LevelKind(StrEnum):
    """What is measured."""

    FLOOR = "floor"
    REFERENCE = "reference"


class Side(StrEnum):
    """Where the last value lay."""

    WITHIN = "within"
    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How far from the usual a value may be.

    Parameters
    ----------
    rise_db, fall_db
        Above and below the usual value, at the least.
    spreads
        And at the least by so many times the usual deviation.
    learn_beats
        From so many values on the level is known.
    memory_beats
        Over so many values it is averaged.
    gap_us
        Values further apart than this do not follow each other.
    """

    rise_db: float
    fall_db: float
    spreads: float
    learn_beats: int
    memory_beats: int
    gap_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A learned level.

    Parameters
    ----------
    jammed
        Whether a declared jammer of the site is on.
    usual_db, spread_db
        Slow means of the values and of their distance from it.
    beats
        Values that it was learned from.
    latest_db, seen_us
        The last value, and when it came.
    side, since_us, side_beats
        Where the last value lay, since when they all lie there, and how many have.
    """

    kind: LevelKind
    frequency_hz: float
    width_hz: float
    gain_db: float | None
    jammed: bool
    usual_db: float
    spread_db: float
    beats: int
    latest_db: float
    seen_us: int
    side: Side
    since_us: int
    side_beats: int

    @property
    def key(self) -> tuple[LevelKind, float, float | None, bool]:
        """What the level holds for."""
        return self.kind, round(self.frequency_hz / STEP_HZ), self.gain_db, self.jammed

    def is_known(self, bounds: Bounds) -> bool:
        """Whether enough was learned to judge by it."""
        return self.beats >= bounds.learn_beats


def known_as(level: Level, levels: Iterable[Level]) -> Level | None:
    """What was learned of the same power before."""
    return next((known for known in levels if known.key == level.key), None)


def learned(level: Level, before: Level | None, *, bounds: Bounds) -> Level:
    """A level after one more value.

    Parameters
    ----------
    level
        Made of this value alone.
    before
        What was known of the same power.
    """
    if before is None:
        return level
    side = side_of(level.latest_db, before, bounds)
    same = side is before.side and level.seen_us - before.seen_us <= bounds.gap_us
    fresh = replace(
        before,
        width_hz=level.width_hz,
        latest_db=level.latest_db,
        seen_us=level.seen_us,
        side=side,
        since_us=before.since_us if same else level.seen_us,
        side_beats=before.side_beats + 1 if same else 1,
    )
    return averaged(fresh, bounds) if side is Side.WITHIN else fresh


def side_of(value_db: float, level: Level, bounds: Bounds) -> Side:
    """Where a value lies; within, as long as too little is known."""
    if not level.is_known(bounds):
        return Side.WITHIN
    if value_db > level.usual_db + max(bounds.rise_db, bounds.spreads * level.spread_db):
        return Side.ABOVE
    if value_db < level.usual_db - max(bounds.fall_db, bounds.spreads * level.spread_db):
        return Side.BELOW
    return Side.WITHIN


def averaged(level: Level, bounds: Bounds) -> Level:
    """A level once its last value has gone into the means."""
    beats = level.beats + 1
    weight = 1 / min(beats, bounds.memory_beats)
    error_db = level.latest_db - level.usual_db
    return replace(
        level,
        beats=beats,
        usual_db=level.usual_db + weight * error_db,
        spread_db=level.spread_db + weight * (abs(error_db) - level.spread_db),
    )


def merged_into(levels: Iterable[Level], level: Level) -> tuple[Level, ...]:
    """Levels with one of them replaced or added."""
    others = [other for other in levels if other.key != level.key]
    latest = sorted(others, key=lambda other: -other.seen_us)[: MOST - 1]
    return (level, *latest)
