"""The energy gate of the channels: whether a segment holds anything as long as a slot and as wide as a resource block.

One clear burst is enough, or several weaker ones on one frequency, or a rhythm: a connected phone that is quiet reports
each 20 or 40 ms in the same block.
"""

from typing import Final

import numpy as np

from detector.lte.gate import EnergyMap, box_means, folded, gamma_quantile, independent_values, medians

__all__ = ["stirring"]

BOXES: Final = ((0.43e-3, 150e3), (1.0e-3, 300e3), (1.0e-3, 900e3))
"""Lengths [s] and widths [Hz]: one block in a slot, more in a subframe."""

RHYTHM_S: Final = 40e-3
"""Holds the usual periods of reports and scheduling requests a whole number of times (TS 36.213, 7.2.2 and 10.1)."""

RHYTHM_LIMIT: Final = 5.0
"""Deviations of one box that count for a rhythm."""

BUSY: Final = 1.15
"""A place whose median stands this far over that of all places is busy: its own median is no floor."""

APART: Final = 4
"""Boxes of one frequency that are further apart than this, in strides, are of different bursts."""

SPARSE: Final = 8
"""Every so many boxes are enough for a median."""


def stirring(energies: EnergyMap, deviations: float) -> bool:
    """Whether anything stands out of the noise.

    Parameters
    ----------
    deviations
        Of a normal variable that one box must exceed; two of one frequency need one less.
    """
    return any(stirs(energies, length_s, width_hz, deviations) for length_s, width_hz in BOXES)


def stirs(energies: EnergyMap, length_s: float, width_hz: float, deviations: float) -> bool:
    """The same for boxes of one size, which begin twice while one lasts and twice in its width."""
    cells = energies.cells
    stride, spacing = max(1, int(length_s / energies.cell_s / 2)), max(1, round(width_hz / energies.cell_hz / 2))
    steps, width = max(2 * stride, round(length_s / energies.cell_s)), 2 * spacing
    if len(cells) < 4 * steps or cells.shape[1] < width:
        return True
    means = box_means(cells, steps=steps, width=width, stride=stride, spacing=spacing)
    usual = medians(means[::SPARSE])
    ratio = means / np.minimum(usual, np.float32(BUSY) * np.median(usual))
    values = independent_values(steps, width)
    if ratio.max() > gamma_quantile(deviations, values):
        return True
    hits = ratio > gamma_quantile(deviations - 1, values)
    if any(np.ptp(np.flatnonzero(column)) > APART for column in hits.T[hits.any(axis=0)]):
        return True
    excess = np.minimum((ratio - 1) * np.float32(np.sqrt(values)), np.float32(RHYTHM_LIMIT))
    total, starts = folded(excess, RHYTHM_S / energies.cell_s / stride)
    return starts.size > 1 and float(total.max()) > gamma_quantile_deviations(deviations, values * starts.size)


def gamma_quantile_deviations(deviations: float, values: float) -> float:
    """:func:`gamma_quantile` in standard deviations of the mean."""
    return (gamma_quantile(deviations, values) - 1) * float(np.sqrt(values))
