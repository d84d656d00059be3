"""The energy gate: where in a segment's power map a preamble, or anything at all, may be.

Works on sums of a few bins, relative to the floor, and calibrates itself against the segment's own median: it says where
to look, never what is there.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.lte.standard import PREAMBLE_FORMATS, PREAMBLE_WIDTH_HZ
from detector.types import FloatArray, PowerMap

__all__ = ["Ranges", "Trigger", "grouped", "preamble_triggers", "stirring"]

Ranges: TypeAlias = tuple[tuple[float, float], ...]
"""Lower and upper edges of the parts of the band that may hold an uplink, as offsets from the centre [Hz]."""

GROUP: Final = 4
"""Bins that are summed first: 37.5 kHz at 2.4 MS/s."""

HANN_LOSS: Final = 35 / 18
"""Bins of a Hann window that bear one independent value: sum of the window's fourth powers over the square of its second."""


SPARSE: Final = 8
"""Every so many boxes are enough for a median."""

BUSY: Final = 1.15
"""A place whose median stands this far over that of all places is busy: its own median is no floor."""

IMPULSE: Final = 1.4
"""A step whose whole band stands this far over both neighbours' was struck by an impulse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A place where a preamble may begin.

    Parameters
    ----------
    step
        First step of its window in the power map.
    lower_hz
        Lower edge of its band, as an offset from the centre.
    deviation
        Excess of its energy in standard deviations of noise.
    """

    step: int
    lower_hz: float
    deviation: float


def grouped(power: PowerMap, floor: FloatArray) -> FloatArray:
    """Mean power of each group of bins over the floor, without impulses; shape (n_steps, n_bins // GROUP)."""
    ratio = power * (1 / (GROUP * floor))
    quarters = ratio.reshape(len(power), -1, GROUP)
    sums = np.asarray(quarters[:, :, 0] + quarters[:, :, 1] + quarters[:, :, 2] + quarters[:, :, 3], np.float32)
    return without_impulses(sums)


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


def box_means(groups: FloatArray, *, steps: int, width: int, stride: int, spacing: int) -> FloatArray:
    """Means over boxes, shape (n_times, n_places): every ``stride`` steps and ``spacing`` groups."""
    rows = sliding_sums(groups, steps)[::stride]
    boxes = sliding_sums(rows.T, width)[::spacing].T
    return np.asarray(boxes * np.float32(1 / (steps * width)), np.float32)


def preamble_triggers(
    groups: FloatArray,
    *,
    step_s: float,
    group_hz: float,
    ranges: Ranges,
    deviations: float,
    most: int,
) -> tuple[list[Trigger], int]:
    """Places with enough energy for a preamble, strongest first, and how many more there were.

    Parameters
    ----------
    groups
        From :func:`grouped`.
    deviations
        Excess from which a place is tried, in standard deviations of noise.
    most
        As many are given.
    """
    steps = max(1, min(len(groups), round(0.94 * PREAMBLE_FORMATS[0].length_s / step_s)))
    width = round(PREAMBLE_WIDTH_HZ / group_hz)
    stride, spacing = max(1, steps // 4), max(1, round(150e3 / group_hz))
    if groups.shape[1] < width or not len(groups):
        return [], 0
    means = box_means(groups, steps=steps, width=width, stride=stride, spacing=spacing)
    lower_hz = (np.arange(means.shape[1]) * spacing - groups.shape[1] / 2) * group_hz
    middle = lower_hz + PREAMBLE_WIDTH_HZ / 2
    allowed = np.zeros(len(lower_hz), bool)
    for low, high in ranges:
        allowed |= (middle > low) & (middle < high)
    level = np.minimum(np.median(means, axis=0), np.median(means)) if len(means) > 16 else np.ones(means.shape[1])
    sigma = np.sqrt(HANN_LOSS / (steps * width * GROUP))
    excess = np.where(allowed, (means / level - 1) / sigma, -np.inf)
    return strongest(
        excess, deviations, most, stride=stride, near=(5, round(PREAMBLE_WIDTH_HZ / 150e3)), lower_hz=lower_hz
    )


def strongest(
    excess: NDArray[np.float32],
    deviations: float,
    most: int,
    *,
    stride: int,
    near: tuple[int, int],
    lower_hz: NDArray[np.float64],
) -> tuple[list[Trigger], int]:
    """Local maxima above a level, strongest first; each silences its neighbourhood."""
    rows, columns = np.nonzero(excess > deviations)
    order = np.argsort(-excess[rows, columns])
    free = np.ones(excess.shape, bool)
    found: list[Trigger] = []
    skipped = 0
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if not free[row, column]:
            continue
        free[max(0, row - near[0]) : row + near[0] + 1, max(0, column - near[1]) : column + near[1] + 1] = False
        if len(found) == most:
            skipped += 1
            continue
        found.append(Trigger(step=row * stride, lower_hz=float(lower_hz[column]), deviation=float(excess[row, column])))
    return found, skipped


STIRS: Final = ((0.43e-3, 150e3), (1.0e-3, 300e3), (1.0e-3, 900e3))
"""Lengths [s] and widths [Hz] of the boxes in which anything may stir: one block in a slot, more in a subframe."""


def stirring(groups: FloatArray, *, step_s: float, group_hz: float, deviations: float) -> bool:
    """Whether anything as long as a slot and as wide as a resource block stands out of the noise."""
    return any(
        stirs(groups, max(1, round(length_s / step_s)), max(1, round(width_hz / group_hz)), deviations)
        for length_s, width_hz in STIRS
    )


def stirs(groups: FloatArray, steps: int, width: int, deviations: float) -> bool:
    """The same for one size of box: one that clearly stands out, or two of one frequency that nearly do."""
    if len(groups) < 4 * steps or groups.shape[1] < width:
        return True
    stride, spacing = max(1, steps // 4), max(1, width // 2)
    means = box_means(groups, steps=steps, width=width, stride=stride, spacing=spacing)
    values = steps * width * GROUP / HANN_LOSS
    usual = np.median(means[::SPARSE], axis=0)
    ratio = means / np.minimum(usual, BUSY * np.median(usual))
    if ratio.max() > gamma_quantile(deviations, values):
        return True
    hits = ratio > gamma_quantile(deviations - 1, values)
    apart = 2 * steps // stride
    return any(np.ptp(np.flatnonzero(column)) > apart for column in hits.T[hits.any(axis=0)])


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


def gamma_quantile(deviations: float, values: float) -> float:
    """What the mean of so many exponential values of unit mean exceeds as rarely as a normal variable its deviations.

    Wilson and Hilferty's approximation (1931).
    """
    return float((1 - 1 / (9 * values) + deviations / (3 * np.sqrt(values))) ** 3)
