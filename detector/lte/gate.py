"""Energies over the floor in small cells of time and frequency, and means over boxes of them: what every energy gate works on.

Calibrates itself against the segment's own median; says how much a box stands out, never what is in it.
"""

from dataclasses import dataclass
from math import gcd
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.spectra import WINDOW_LOSS
from detector.types import FloatArray, PowerMap

__all__ = [
    "CELL_STEPS",
    "EnergyMap",
    "Ranges",
    "box_means",
    "energy_map",
    "folded",
    "gamma_quantile",
    "independent_values",
    "medians",
    "sliding_sums",
]

Ranges: TypeAlias = tuple[tuple[float, float], ...]
"""Lower and upper edges of the parts of the band that may hold an uplink, as offsets from the centre [Hz]."""

CELL_STEPS: Final = 2
CELL_BINS: Final = 8
"""Steps and bins of the power map in a cell: 213 us and 75 kHz at 2.4 MS/s."""

SLAB: Final = 32
"""Bins that are summed by one product of matrices: much faster than strided sums, much slower over all bins at once."""

IMPULSE: Final = 1.25
"""A cell's time in which the whole band stands this far over both neighbours' was struck by an impulse."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EnergyMap:
    """Mean power over the floor in cells.

    Parameters
    ----------
    cells
        Shape (n_times, n_bands).
    cell_s, cell_hz
        Length and width of a cell.
    """

    cells: FloatArray
    cell_s: float
    cell_hz: float


def energy_map(power: PowerMap, floor: FloatArray, *, sample_rate_hz: float) -> EnergyMap:
    """The energies of a power map over its floor, without impulses; a rest shorter than a cell is left out."""
    n_bins = power.shape[1]
    end = len(power) // CELL_STEPS * CELL_STEPS
    pairs = power[0:end:CELL_STEPS] + power[1:end:CELL_STEPS]
    cells = np.empty((len(pairs), n_bins // CELL_BINS), np.float32)
    shares = np.repeat(np.eye(SLAB // CELL_BINS, dtype=np.float32), CELL_BINS, axis=0) / (CELL_BINS * CELL_STEPS)
    for first in range(0, n_bins, SLAB):
        bins, sums = slice(first, first + SLAB), slice(first // CELL_BINS, (first + SLAB) // CELL_BINS)
        width = min(SLAB, n_bins - first)
        weights = shares[:width, : width // CELL_BINS] / floor[bins, None]
        np.matmul(pairs[:, bins], weights, out=cells[:, sums])
    return EnergyMap(
        cells=without_impulses(cells),
        cell_s=CELL_STEPS * n_bins / sample_rate_hz,
        cell_hz=CELL_BINS * sample_rate_hz / n_bins,
    )


def without_impulses(cells: FloatArray) -> FloatArray:
    """The same cells, but times that stand out over both their neighbours in the whole band take the quieter one's values."""
    level = cells @ np.full(cells.shape[1], 1 / cells.shape[1], np.float32)
    if len(level) < 3:
        return cells
    around = np.maximum(level[:-2], level[2:])
    struck = np.flatnonzero(level[1:-1] > IMPULSE * around) + 1
    if not struck.size:
        return cells
    calm = cells.copy()
    calm[struck] = cells[np.where(level[struck - 1] < level[struck + 1], struck - 1, struck + 1)]
    return calm


def medians(values: FloatArray) -> FloatArray:
    """The upper median of each column."""
    by_column = np.ascontiguousarray(values.T)
    by_column.partition(len(values) // 2, axis=1)
    return by_column[:, len(values) // 2]


def box_means(cells: FloatArray, *, steps: int, width: int, stride: int, spacing: int, outside: int = 0) -> FloatArray:
    """Means over boxes, shape (n_times, n_places): every ``stride`` times and ``spacing`` bands.

    Cheapest where a box is a whole number of strides long and of spacings wide: they are summed first.

    Parameters
    ----------
    steps, width
        Of a box, in cells.
    outside
        By how many spacings boxes reach over the edges; there is noise.
    """
    tall, wide = gcd(steps, stride), gcd(width, spacing)
    sums = successive_sums(successive_sums(cells, tall).T, wide)
    if outside:
        beyond = outside * spacing // wide
        sums = np.pad(sums, ((beyond, beyond), (0, 0)), constant_values=tall * wide)
    columns = sliding_sums(sums, width // wide)[:: spacing // wide]
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


def independent_values(steps: float, width: float) -> float:
    """Independent exponential values in a box of so many times and bands of cells."""
    return steps * width * CELL_STEPS * CELL_BINS / WINDOW_LOSS


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
