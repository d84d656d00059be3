"""How likely a scan is to meet an event that begins at no particular time: its probability of intercept.

The mean over a grid of the event's beginnings within one round of the scan, and of what varies in its timing; no random
numbers. An event is met if, in one stay on its window, as many of its transmissions are heard whole as are needed. What
else is on the air is left out, and so is whether it is strong enough.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.scan.events import Event, Times
from detector.scan.rhythm import Rhythm

__all__ = ["intercept_probability"]

PHASES: Final = 512
VARIANTS: Final = 16
GOLDEN: Final = (5**0.5 - 1) / 2

Counts = NDArray[np.int64]


@lru_cache(maxsize=256)
def intercept_probability(rhythm: Rhythm, event: Event) -> float:
    """Probability that an event on one of a receiver's windows is met.

    Where windows are visited by priority, it is that of an event where nothing was heard lately anywhere: the least. A
    receiver that stays on its window meets every event there that holds enough transmissions.
    """
    pauses = (np.arange(VARIANTS) + 0.5) / VARIANTS
    lengths = (GOLDEN * np.arange(VARIANTS) + 0.5 / VARIANTS) % 1.0
    shares = [
        met_share(rhythm, event, event.starts(float(pause), float(length)))
        for pause, length in zip(pauses, lengths, strict=True)
    ]
    return float(np.mean(shares))


def met_share(rhythm: Rhythm, event: Event, starts: Times) -> float:
    """Share of beginnings, evenly spread over one round, of which enough is heard."""
    if rhythm.still:
        return float(starts.size >= event.needed)
    begins = (np.arange(PHASES) + 0.5) / PHASES * rhythm.revisit_s
    # The first stay begins at 0; from one's end to the next one's beginning the others are visited.
    away_s = rhythm.revisit_s - rhythm.dwell_s
    listens, best = np.zeros(PHASES), np.zeros(PHASES, np.int64)
    while (listens < begins + starts[-1]).any():
        heard, leaves = stay(rhythm, starts, listens - begins, event.burst_s)
        best = np.maximum(best, heard)
        listens = leaves + begins + away_s
    return float(np.mean(best >= event.needed))


def stay(rhythm: Rhythm, starts: Times, begin: Times, burst_s: float) -> tuple[Counts, Times]:
    """What is heard in stays that begin at some times of the event, and when they end, shapes as of ``begin``."""
    last = begin + rhythm.dwell_s
    first = np.searchsorted(starts, begin)
    stop = np.searchsorted(starts, last - burst_s, side="right")
    heard = stop > first
    # What follows within the hold of what was heard draws the stay out, to the next longer pause or to the bound.
    pauses = np.flatnonzero(np.diff(starts) > rhythm.hold_s) + 1
    chain = np.append(pauses, starts.size)[np.searchsorted(pauses, stop - 1, side="right")]
    bound = np.searchsorted(starts, last + rhythm.linger_s - burst_s, side="right")
    stop = np.where(heard, np.maximum(stop, np.minimum(chain, bound)), stop)
    held = starts[np.maximum(stop, 1) - 1] + burst_s + rhythm.hold_s
    leaves = np.where(heard, np.maximum(last, np.minimum(held, last + rhythm.linger_s)), last)
    return np.maximum(stop - first, 0), leaves
