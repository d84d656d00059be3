"""The noise floor of each bin, robust against bursts, learned over a run.

A quarter of a receiver's time pieces may be nearly constant (noise below the quantiser), bursts may fill most of a
segment, and the automatic gain may lower the floor for a while: hence quantiles instead of means, and a slow memory.
"""

import numpy as np
from numpy.typing import NDArray

from detector.spectra import LEAST_POWER
from detector.types import FloatArray, PowerMap

__all__ = ["floor_of", "follow", "middle"]


def floor_of(power: PowerMap, *, quantile: float, max_steps: int = 256) -> FloatArray:
    """Noise power per bin of one power map.

    Parameters
    ----------
    power
        Shape (n_steps, n_bins).
    quantile
        Place among a bin's powers, in (0, 1), of the one that tells its noise. In white noise one bin's power follows the
        exponential distribution, which gives the mean from it.
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
    rank = int(quantile * (by_bin.shape[1] - 1))
    by_bin.partition(rank, axis=1)
    floor = np.maximum(by_bin[:, rank] / np.float32(-np.log1p(-quantile)), LEAST_POWER)
    return np.asarray(floor, np.float32)


def follow(floor: FloatArray | None, fresh: FloatArray, *, rise: float, fall: float) -> FloatArray:
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


def middle(values: FloatArray | NDArray[np.float64]) -> float:
    """The upper median of some values, for arrays so short that the overhead of :func:`numpy.median` is most of its cost."""
    rank = values.size // 2
    return float(np.partition(values, rank, axis=None)[rank])
