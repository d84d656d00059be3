"""The energy gate of random access: where in a segment's power map a preamble may be.

By its own energy, or by that of a train: a phone without an answer tries again each 15 to 20 ms, in the same band.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.lte.gate import Ranges, box_means, folded, independent_values, sliding_sums
from detector.lte.standard import PREAMBLE_FORMATS, PREAMBLE_WIDTH_HZ
from detector.types import FloatArray

__all__ = ["Trigger", "preamble_excess", "preamble_triggers"]

SPACING_HZ: Final = 150e3
"""Distance of the bands that are tried."""

OUTSIDE: Final = 2
"""Spacings by which a band may reach over the edges of the received one."""

EVEN: Final = 0.15
PART_DEVIATIONS: Final = 3.0
"""Share of a box's mean excess that each part of it, a spacing wide, must have, and by how much its noise may hide it."""

STRIDES: Final = 4
"""Windows that begin while one lasts."""

WINDOW_S: Final = 0.94 * PREAMBLE_FORMATS[0].length_s

TRAIN_PERIODS_S: Final = (15e-3, 16e-3, 18e-3, 20e-3)
"""Times between two attempts: a response window of 10 ms, what leads up to it, and the wait for the cell's next occasion."""

TRAIN_LIMIT: Final = 6.0
"""Deviations of one box that count for a train: one strong burst is none."""

SPARSE: Final = 4
"""Every so many boxes are enough for a median."""

TRAIN_LEAST: Final = 0.5
"""Deviations of a box from which it may be one of a train."""

TRAINS: Final = 3
LEAST_TRAIN: Final = 4
"""Trains that are followed in a segment, and periods that a segment must have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A place where a preamble may be.

    Parameters
    ----------
    step
        First step of its window in the power map.
    lower_hz
        Lower edge of its band, as an offset from the centre.
    train
        Whether it was found as one of a train and is weak: its half bin is worth a look.
    """

    step: int
    lower_hz: float
    train: bool = False


def preamble_triggers(
    groups: FloatArray,
    *,
    step_s: float,
    group_hz: float,
    ranges: Ranges,
    deviations: float,
    train_deviations: float,
    most: int,
) -> tuple[list[Trigger], int]:
    """Places with enough energy for a preamble, strongest first, and how many more there were.

    Those that reach over the edges of the band are among them.

    Parameters
    ----------
    groups
        From :func:`detector.lte.gate.grouped`.
    deviations, train_deviations
        Excess from which a place is tried, in standard deviations of noise, and that of a train of places.
    most
        As many are given, those of the trains last.
    """
    grid = grid_of(len(groups), step_s=step_s, group_hz=group_hz)
    if groups.shape[1] < grid.width or not len(groups):
        return [], 0
    means = box_means(
        groups, steps=grid.steps, width=grid.width, stride=grid.stride, spacing=grid.spacing, outside=OUTSIDE
    )
    lowers = ((np.arange(means.shape[1]) - OUTSIDE) * grid.spacing - groups.shape[1] / 2) * group_hz
    excess = np.where(
        allowed(lowers + PREAMBLE_WIDTH_HZ / 2, ranges),
        (means / usual(means) - 1) * np.sqrt(independent_values(grid.steps, grid.width)),
        np.float32(-np.inf),
    )
    maxima, free = local_maxima(excess, deviations, grid.near)
    steady = np.minimum(excess, np.float32(TRAIN_LIMIT))
    periods = [period_s / (grid.stride * step_s) for period_s in TRAIN_PERIODS_S]
    members = {place for period in periods for place in train_places(steady, period, train_deviations, grid.near)}
    expected = np.zeros(excess.shape, bool)
    expected[tuple(np.array(sorted(members), np.int64).reshape(-1, 2).T)] = True
    strong = [place for place in maxima if even(groups, grid, place, float(means[place]))]
    triggers = [
        Trigger(step=row * grid.stride, lower_hz=float(lowers[column]), train=train)
        for row, column, train in (
            *((*place, bool(excess[place] < TRAIN_LIMIT and expected[grid.around(place)].any())) for place in strong),
            *((*place, True) for place in sorted(members) if free[place]),
        )
    ]
    return triggers[:most], max(0, len(triggers) - most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Sizes and distances of the boxes, in steps and groups."""

    steps: int
    width: int
    stride: int
    spacing: int

    @property
    def near(self) -> tuple[int, int]:
        """How many boxes away, in time and in frequency, another one is of the same burst."""
        return self.steps // self.stride + 1, self.width // self.spacing

    def around(self, place: tuple[int, int]) -> tuple[slice, slice]:
        """The neighbourhood of a box."""
        (row, column), (rows, columns) = place, self.near
        return slice(max(0, row - rows), row + rows + 1), slice(max(0, column - columns), column + columns + 1)


def grid_of(n_steps: int, *, step_s: float, group_hz: float) -> Grid:
    """Boxes as large as a preamble, a whole number of strides long and of spacings wide where that is near enough."""
    steps = max(1, min(n_steps, round(WINDOW_S / step_s)))
    spacing = max(1, round(SPACING_HZ / group_hz))
    return Grid(
        steps=steps,
        width=spacing * max(1, round(PREAMBLE_WIDTH_HZ / (spacing * group_hz))),
        stride=max(1, round(steps / STRIDES)),
        spacing=spacing,
    )


def even(groups: FloatArray, grid: Grid, place: tuple[int, int], mean: float) -> bool:
    """Whether every part of a box that was received has its share of the energy; a narrow signal fills some."""
    row, column = place
    first = (column - OUTSIDE) * grid.spacing
    begin, end = max(0, first), min(groups.shape[1], first + grid.width)
    end -= (end - begin) % grid.spacing
    box = groups[row * grid.stride :][: grid.steps, begin:end].mean(axis=0)
    weakest = float(box.reshape(-1, grid.spacing).mean(axis=1).min())
    noise = PART_DEVIATIONS / np.sqrt(independent_values(grid.steps, grid.spacing))
    return bool(weakest * (1 + noise) - 1 >= EVEN * (mean - 1))


def preamble_excess(
    groups: FloatArray, steps: NDArray[np.float64], *, step_s: float, group_hz: float, lower_hz: float
) -> NDArray[np.float64]:
    """Excess energy, in standard deviations of noise, of preambles that begin at some steps; shape as the steps'.

    Parameters
    ----------
    groups
        From :func:`detector.lte.gate.grouped`.
    lower_hz
        Lower edge of their band, as an offset from the centre.
    """
    first = max(0, round(lower_hz / group_hz + groups.shape[1] / 2))
    band = groups[:, first : first + round(PREAMBLE_WIDTH_HZ / group_hz)]
    length = max(1, min(len(groups), round(WINDOW_S / step_s)))
    means = sliding_sums(band.mean(axis=1)[:, None], length)[:, 0] / length
    excess = (means / min(1.0, float(np.median(means))) - 1) * np.sqrt(independent_values(length, band.shape[1]))
    return np.asarray(excess[np.clip(np.round(steps).astype(np.int64), 0, means.size - 1)], np.float64)


def allowed(middles_hz: NDArray[np.float64], ranges: Ranges) -> NDArray[np.bool_]:
    """Which bands have their middle in one of the ranges."""
    inside = [(middles_hz > low) & (middles_hz < high) for low, high in ranges]
    return np.asarray(np.logical_or.reduce(inside), np.bool_)


def usual(means: FloatArray) -> FloatArray:
    """What boxes hold where nobody sends: the medians, but no more than that of all places; one in a short segment."""
    if len(means) <= 16:
        return np.ones(means.shape[1], np.float32)
    medians = np.median(means[::SPARSE], axis=0)
    return np.asarray(np.minimum(medians, np.median(medians)), np.float32)


def local_maxima(
    excess: FloatArray, deviations: float, near: tuple[int, int]
) -> tuple[list[tuple[int, int]], NDArray[np.bool_]]:
    """Rows and columns of local maxima above a level, strongest first, and what lies in no one's neighbourhood."""
    rows, columns = np.nonzero(excess > deviations)
    order = np.argsort(-excess[rows, columns])
    free = np.ones(excess.shape, bool)
    found = []
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if free[row, column]:
            free[max(0, row - near[0]) : row + near[0] + 1, max(0, column - near[1]) : column + near[1] + 1] = False
            found.append((row, column))
    return found, free


def train_places(
    excess: FloatArray, period: float, deviations: float, near: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    """Rows and columns of the boxes of the strongest trains."""
    if len(excess) < LEAST_TRAIN * period:
        return
    total, starts = folded(excess, period)
    strongest, _ = local_maxima(total, deviations, near)
    for row, column in strongest[:TRAINS]:
        yield from ((int(start) + row, column) for start in starts if excess[int(start) + row, column] > TRAIN_LEAST)
