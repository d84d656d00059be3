"""Frame timing: in which slots of its network's frame a phone spoke, by whose clock, and whether two sensors mean one phone.

A phone keeps to its slot to within a few symbols, so the place of a burst within the frame tells phones of one carrier
apart. Sensors' clocks differ by more than a frame: places are compared only between sensors whose offset is known.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from detector.gsm.standard import FRAME_S, SLOT_S

__all__ = ["FRAME_US", "NEAR_US", "Clock", "Offsets", "Slot", "apart", "misfit_us", "offset_between"]

FRAME_US: Final = FRAME_S * 1e6

NEAR_US: Final = SLOT_S * 1e6 / 4
"""Bursts of one slot lie no further apart than this: half way to where a neighbour's doubt would begin."""

Clock: TypeAlias = tuple[str, str]
"""Sensor and boot: what counts samples, and dates them, in one piece."""

Offsets: TypeAlias = Mapping[tuple[Clock, Clock], float]
"""By how much the second clock is ahead of the first, modulo the frame [us]; each pair in ascending order."""


class Slot(NamedTuple):
    """Bursts of one place in the frame: when the first and the latest of them began [us]."""

    first_us: int
    last_us: int


def misfit_us(a_us: float, b_us: float) -> float:
    """How far two instants are apart in their places within the frame, at most half a frame either way [us]."""
    return (b_us - a_us + FRAME_US / 2) % FRAME_US - FRAME_US / 2


def offset_between(a: Clock, b: Clock, offsets: Offsets) -> float | None:
    """By how much clock ``b`` is ahead of clock ``a``, modulo the frame [us]; None where that is not known."""
    if a == b:
        return 0.0
    if a < b:
        return offsets.get((a, b))
    reverse = offsets.get((b, a))
    return None if reverse is None else -reverse


def apart(a: Sequence[Slot], b: Sequence[Slot], *, ahead_us: float) -> bool:
    """Whether slots heard by two clocks are those of two phones.

    They are if both were heard during the same time and none of one is any of the other's. A phone that changes its slot
    is in the old one before it is in the new one.

    Parameters
    ----------
    ahead_us
        By how much the clock of ``b`` is ahead of that of ``a``, modulo the frame.
    """
    if any(abs(misfit_us(x.last_us + ahead_us, y.last_us)) <= NEAR_US for x in a for y in b):
        return False
    return any(x.first_us <= y.last_us and y.first_us <= x.last_us for x in a for y in b)
