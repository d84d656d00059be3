"""The noise floor of each bin, robust against bursts, learned over a run.

A quarter of a receiver's time pieces may be nearly constant (noise below the quantiser), bursts may fill most of a
segment, and the automatic gain may lower the floor for a while: hence quantiles instead of means, and a slow memory.
"""

from typing import Final

import numpy as np

from detector.spectra import LEAST_POWER
from detector.types import FloatArray, PowerMap

__all__ = ["floor_of", "follow"]

QUANTILE: Final = 0.4
EXPONENTIAL_QUANTILE: Final = float(-np.log1p(-QUANTILE))
"""The 0.4 quantile of an exponential variable of unit mean: what one bin's power in white noise follows."""


def floor_of(power: PowerMap, *, max_steps: int = 256) -> FloatArray:
    """Noise power per bin of one power map.

    Parameters
    ----------
    power
        Shape (n_steps, n_bins).
    max_steps
        As many steps, evenly spread, are looked at.

    Returns
    -------
    FloatArray
        Shape (n_bins,); positive even where the receiver gave a constant.
    """
    if not len(power):
        return np.full(power.shape[1], LEAST_POWER, np.float32)
    by_bin = np.ascontiguousarray(power[:: max(1, len(power) // max_steps)].T)
    rank = int(QUANTILE * (by_bin.shape[1] - 1))
    by_bin.partition(rank, axis=1)
    quantile = by_bin[:, rank]
    floor = np.maximum(quantile / np.float32(EXPONENTIAL_QUANTILE), LEAST_POWER)
    return np.asarray(floor, np.float32)


def follow(floor: FloatArray | None, fresh: FloatArray, *, rise: float = 0.2, fall: float = 0.5) -> FloatArray:
    """The floor after one more segment: it rises slowly, as bursts push it, and falls fast, as silence shows it.

    Parameters
    ----------
    floor
        What was known, shape (n_bins,), or None at a run's start.
    fresh
        :func:`floor_of` the new segment.
    rise, fall
        Share of the way that it goes in one segment, in decibels.
    """
    if floor is None:
        return fresh
    pace = np.where(fresh > floor, np.float32(rise), np.float32(fall))
    return np.asarray(floor * (fresh / floor) ** pace, np.float32)
