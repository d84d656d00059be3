"""When samples are missing: the judgement of a stream that bears no sequence numbers, from what came and when.

A transfer may come late, never early. So the least lateness of the last second tells where the stream stands, and a
lateness that is never made up for tells of lost samples. While it might yet be made up for, transfers are held back:
nothing is given before it is known whether samples are missing before it. Pure: it reads no clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise
from typing import Final

__all__ = ["Arrival", "GapLimits", "Judged", "StreamWatch", "judge"]

BASELINE_S: Final = 1.0
"""How far back the least lateness is looked for; a crystal that is 150 ppm off moves by 0.15 ms in it."""

DRIVER_TRANSFERS: Final = 15
"""Transfers that librtlsdr keeps in flight; a reader that is later than these loses what comes behind them."""

LEVEL_TRANSFERS: Final = 3
"""Equally late transfers that show a level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapLimits:
    """From when on lateness is a gap: above ``gap_s``, and never made up for during ``confirm_s``."""

    gap_s: float
    confirm_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One transfer: samples delivered since the stream began, up to its end; when it came, and how long it lasts [s]."""

    count: int
    time_s: float
    lasts_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A transfer whose place is known: ``missing`` samples were lost just before it."""

    arrival: Arrival
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamWatch:
    """What is remembered of a stream.

    Parameters
    ----------
    missing
        Samples found missing so far.
    recent
        Time and lateness of the last second's transfers that were in time.
    held
        Transfers that may stand behind a gap.
    """

    sample_rate_hz: float
    limits: GapLimits
    missing: int = 0
    recent: tuple[tuple[float, float], ...] = ()
    held: tuple[Arrival, ...] = ()

    @property
    def baseline_s(self) -> float:
        """When sample 0 was taken, by the clock of the arrivals; infinite before the first transfer."""
        return min((late for _, late in self.recent), default=float("inf"))

    def lateness_s(self, arrival: Arrival) -> float:
        """When sample 0 would have been taken, had this transfer come at once."""
        return arrival.time_s - (arrival.count + self.missing) / self.sample_rate_hz


def judge(watch: StreamWatch, arrival: Arrival) -> tuple[StreamWatch, tuple[Judged, ...]]:
    """Take one transfer; gives those, in their order, of which it is now known whether samples are missing before them.

    Parameters
    ----------
    arrival
        Its count and its time are not below those of the one before.
    """
    held = (*watch.held, arrival)
    if watch.lateness_s(arrival) <= watch.baseline_s + watch.limits.gap_s or not watch.recent:
        return in_time(watch, held)
    if arrival.time_s - held[0].time_s < watch.limits.confirm_s:
        return replace(watch, held=held), ()
    return settle(watch, held)


def in_time(watch: StreamWatch, held: tuple[Arrival, ...]) -> tuple[StreamWatch, tuple[Judged, ...]]:
    """The last of these has come in time: nothing was lost before any of them."""
    now = held[-1].time_s
    seen = ((one.time_s, watch.lateness_s(one)) for one in held)
    recent = tuple(entry for entry in (*watch.recent, *seen) if entry[0] > now - BASELINE_S)
    return replace(watch, recent=recent, held=()), tuple(Judged(arrival=one, missing=0) for one in held)


def settle(watch: StreamWatch, held: tuple[Arrival, ...]) -> tuple[StreamWatch, tuple[Judged, ...]]:
    """Say where samples were lost among transfers none of which came in time; what comes behind is judged anew."""
    late = [watch.lateness_s(one) - watch.baseline_s for one in held]
    losses = dict(find_losses(held, late, watch.limits))
    last = max(losses, default=len(held))
    given = []
    for place, one in enumerate(held[: last + 1]):
        missing = round(losses.get(place, 0.0) * watch.sample_rate_hz)
        watch = replace(watch, missing=watch.missing + missing)
        given.append(Judged(arrival=one, missing=missing))
    now = held[min(last, len(held) - 1)]
    recent = (*watch.recent, (now.time_s, watch.lateness_s(now)))
    watch = replace(watch, recent=recent, held=())
    return reduce(judge_next, held[last + 1 :], (watch, tuple(given)))


def judge_next(
    so_far: tuple[StreamWatch, tuple[Judged, ...]], arrival: Arrival
) -> tuple[StreamWatch, tuple[Judged, ...]]:
    """Judge one more transfer behind those that were judged already."""
    watch, given = so_far
    watch, more = judge(watch, arrival)
    return watch, given + more


def find_losses(held: Sequence[Arrival], late: Sequence[float], limits: GapLimits) -> list[tuple[int, float]]:
    """Before which of some late transfers samples were lost, and how many seconds of them.

    What came before the last loss stands below the lateness that remains at the end. Where that is a level of its own,
    it stands behind a loss of its own; where it is not, its transfers were just late.
    """
    if not held:
        return []
    middle = (held[0].time_s + held[-1].time_s) / 2
    level = min(value for one, value in zip(held, late, strict=True) if one.time_s >= middle)
    below = [place for place, value in enumerate(late) if value < level - limits.gap_s / 2]
    place = below[-1] + 1 if below else overrun(held)
    earlier: list[tuple[int, float]] = []
    if below and is_level(late[:place], limits):
        earlier = find_losses(held[:place], late[:place], limits)
    lost = level - sum(found for _, found in earlier)
    return [*earlier, (place, lost)] if lost > limits.gap_s else earlier


def is_level(late: Sequence[float], limits: GapLimits) -> bool:
    """Whether some transfers, all of them late, were late by the same: as prompt ones are behind a loss."""
    return sum(value <= min(late) + limits.gap_s / 4 for value in late) >= LEVEL_TRANSFERS


def overrun(held: Sequence[Arrival]) -> int:
    """The place of a loss among transfers of which none stands below what was lost.

    It lies before the first of them, unless they begin with all that the driver keeps, at once: then their reader was
    late, and what was lost came behind what the driver kept.
    """
    queued = 1 + next((n for n, (one, after) in enumerate(pairwise(held)) if not at_once(one, after)), len(held) - 1)
    return queued if DRIVER_TRANSFERS - 1 <= queued < len(held) else 0


def at_once(one: Arrival, after: Arrival) -> bool:
    """Whether a transfer came sooner behind another than it takes to fill: it had been waiting."""
    return after.time_s - one.time_s < after.lasts_s / 2
