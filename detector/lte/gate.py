"""Sums of the power map over boxes, relative to the floor: what both energy gates work on.

Calibrates itself against the segment's own median; says how much a box stands out, never what is in it.
"""

from math import gcd
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.types import FloatArray, PowerMap

__all__ = ["GROUP", "Ranges", "box_means", "folded", "gamma_quantile", "grouped", "independent_values", "sliding_sums"]

Ranges: TypeAlias = tuple[tuple[float, float], ...]
"""Lower and upper edges of the parts of the band that may hold an uplink, as offsets from the centre [Hz]."""

GROUP: Final = 4
"""Bins that are summed first: 37.5 kHz at 2.4 MS/s."""

SLAB: Final = 64
"""Bins that are summed by one product of matrices: much faster than strided sums, much slower over all bins at once."""

HANN_LOSS: Final = 35 / 18
"""Bins of a Hann window that bear one independent value: sum of the window's fourth powers over the square of its second."""

IMPULSE: Final = 1.4
"""A step whose whole band stands this far over both neighbours' was struck by an impulse."""


def grouped(power: PowerMap, floor: FloatArray) -> FloatArray:
    """Mean power of each group of bins over the floor, without impulses; shape (n_steps, n_bins // GROUP)."""
    n_bins = power.shape[1]
    groups = np.empty((len(power), n_bins // GROUP), np.float32)
    weights = np.where(
        np.arange(n_bins)[:, None] // GROUP == np.arange(n_bins // GROUP), 1 / (GROUP * floor[:, None]), 0
    )
    for first in range(0, n_bins, SLAB):
        bins, sums = slice(first, first + SLAB), slice(first // GROUP, (first + SLAB) // GROUP)
        np.matmul(power[:, bins], weights[bins, sums].astype(np.float32), out=groups[:, sums])
    return without_impulses(groups)


def without_impulses(groups: FloatArray) -> FloatArray:
    """The same map, but steps that stand out over both their neighbours in the whole band take the quieter one's values."""
    level = groups @ np.full(groups.shape[1], 1 / groups.shape[1], np.float32)
    if len(level) < 3:
        return groups
    around = np.maximum(level[:-2], level[2:])
    struck = np.flatnonzero(level[1:-1] > IMPULSE * around) + 1
    if not struck.size:
        return groups
    calm = groups.copy()
    calm[struck] = groups[np.where(level[struck - 1] < level[struck + 1], struck - 1, struck + 1)]
    return calm


def box_means(groups: FloatArray, *, steps: int, width: int, stride: int, spacing: int, outside: int = 0) -> FloatArray:
    """Means over boxes, shape (n_times, n_places): every ``stride`` steps and ``spacing`` groups.

    Cheapest where a box is a whole number of strides long and of spacings wide: they are summed first.

    Parameters
    ----------
    outside
        By how many spacings boxes reach over the edges; there is noise.
    """
    tall, wide = gcd(steps, stride), gcd(width, spacing)
    cells = successive_sums(successive_sums(groups, tall).T, wide)
    if outside:
        beyond = outside * spacing // wide
        cells = np.pad(cells, ((beyond, beyond), (0, 0)), constant_values=tall * wide)
    columns = sliding_sums(cells, width // wide)[:: spacing // wide]
    boxes = sliding_sums(columns.T, steps // tall)[:: stride // tall]
    return np.asarray(boxes * np.float32(1 / (steps * width)), np.float32)


def successive_sums(values: FloatArray, length: int) -> FloatArray:
    """Sums of each ``length`` successive rows, shape (n // length, ...); a rest is left out."""
    end = len(values) // length * length
    total = values[0:end:length]
    for offset in range(1, length):
        total = total + values[offset:end:length]
    return total


def sliding_sums(values: FloatArray, length: int) -> FloatArray:
    """Sums of ``length`` successive rows, shape (n - length + 1, ...), by doubling."""
    total: FloatArray | None = None
    count, offset, size = len(values) - length + 1, 0, 1
    powers = values
    while size <= length:
        if length & size:
            part = powers[offset : offset + count]
            total = part if total is None else total + part
            offset += size
        powers = powers[:-size] + powers[size:]
        size *= 2
    return values[:0] if total is None else total


def independent_values(steps: int, width: int) -> float:
    """Independent exponential values in a box of so many steps and groups."""
    return steps * width * GROUP / HANN_LOSS


def gamma_quantile(deviations: float, values: float) -> float:
    """What the mean of so many exponential values of unit mean exceeds as rarely as a normal variable its deviations.

    Wilson and Hilferty's approximation (1931).
    """
    return float((1 - 1 / (9 * values) + deviations / (3 * np.sqrt(values))) ** 3)


def folded(deviations: FloatArray, period: float) -> tuple[FloatArray, NDArray[np.int64]]:
    """Deviations folded over a period, again in standard deviations.

    Parameters
    ----------
    deviations
        Shape (n_times, n_places), of unit variance.
    period
        In rows, not rounded.

    Returns
    -------
    tuple
        The folded ones, shape (period, n_places), and the row at which each period begins.
    """
    rows = int(period)
    starts = np.round(period * np.arange(int(len(deviations) / period))).astype(np.int64)
    total = np.zeros((rows, deviations.shape[1]), np.float32)
    for start in starts:
        total += deviations[start : start + rows]
    return total / np.float32(np.sqrt(max(1, starts.size))), starts
