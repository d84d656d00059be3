"""The energy gate of the channels: whether a segment holds anything as long as a slot and as wide as a resource block.

One clear burst is enough, or several weaker ones on one frequency, or a rhythm: a connected phone that is quiet reports
each 20 or 40 ms in the same block.
"""

from typing import Final

import numpy as np

from detector.lte.gate import box_means, folded, gamma_quantile, independent_values
from detector.types import FloatArray

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


def stirring(groups: FloatArray, *, step_s: float, group_hz: float, deviations: float) -> bool:
    """Whether anything stands out of the noise.

    Parameters
    ----------
    groups
        From :func:`detector.lte.gate.grouped`.
    deviations
        Of a normal variable that one box must exceed; two of one frequency need one less.
    """
    pairs = (groups[:, 0::2] + groups[:, 1::2]) * np.float32(0.5)
    period = RHYTHM_S / step_s
    return any(
        stirs(pairs, max(1, round(length_s / step_s / 2)), max(1, round(width_hz / group_hz / 4)), deviations, period)
        for length_s, width_hz in BOXES
    )


def stirs(pairs: FloatArray, stride: int, spacing: int, deviations: float, period: float) -> bool:
    """The same for boxes of two strides and two spacings, in steps and pairs of groups."""
    steps, width = 2 * stride, 2 * spacing
    if len(pairs) < 4 * steps or pairs.shape[1] < width:
        return True
    means = box_means(pairs, steps=steps, width=width, stride=stride, spacing=spacing)
    usual = np.median(means[::SPARSE], axis=0)
    ratio = means / np.minimum(usual, np.float32(BUSY) * np.median(usual))
    values = independent_values(steps, 2 * width)
    if ratio.max() > gamma_quantile(deviations, values):
        return True
    hits = ratio > gamma_quantile(deviations - 1, values)
    if any(np.ptp(np.flatnonzero(column)) > APART for column in hits.T[hits.any(axis=0)]):
        return True
    excess = np.minimum((ratio - 1) * np.float32(np.sqrt(values)), np.float32(RHYTHM_LIMIT))
    total, starts = folded(excess, period / stride)
    return starts.size > 1 and float(total.max()) > gamma_quantile_deviations(deviations, values * starts.size)


def gamma_quantile_deviations(deviations: float, values: float) -> float:
    """:func:`gamma_quantile` in standard deviations of the mean."""
    return (gamma_quantile(deviations, values) - 1) * float(np.sqrt(values))
