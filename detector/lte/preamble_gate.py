"""The energy gate of random access: where in a segment's power map a preamble may be.

By its own energy, or by that of a train: a phone without an answer tries again each 15 to 20 ms, in the same band.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.lte.gate import EnergyMap, Ranges, box_means, folded, independent_values, medians
from detector.lte.standard import PREAMBLE_FORMATS, PREAMBLE_WIDTH_HZ
from detector.types import FloatArray

__all__ = ["Trigger", "preamble_excess", "preamble_triggers"]

SPACING_HZ: Final = 150e3
"""Distance of the bands that are tried."""

OUTSIDE: Final = 2
"""Spacings by which a band may reach over the edges of the received one."""

EVEN: Final = 0.15
PART_DEVIATIONS: Final = 3.0
"""Share of a box's mean excess that each part of it must have, and by how much its noise may hide it."""

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


Place: TypeAlias = tuple[int, int]
"""Row and column of a box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A place where a preamble may be.

    Parameters
    ----------
    at
        First cell of its window.
    lower_hz
        Lower edge of its band, as an offset from the centre.
    train
        Whether it was found as one of a train and is weak: its half bin is worth a look.
    """

    at: int
    lower_hz: float
    train: bool = False


def preamble_triggers(
    energies: EnergyMap, *, ranges: Ranges, deviations: float, train_deviations: float, most: int
) -> tuple[list[Trigger], int]:
    """Places with enough energy for a preamble, strongest first, and how many more there were.

    Those that reach over the edges of the band are among them.

    Parameters
    ----------
    deviations, train_deviations
        Excess from which a place is tried, in standard deviations of noise, and that of a train of places.
    most
        As many are given, those of the trains last.
    """
    cells, grid = energies.cells, Grid.of(energies)
    if cells.shape[1] < grid.width or not len(cells):
        return [], 0
    means = box_means(
        cells, steps=grid.steps, width=grid.width, stride=grid.stride, spacing=grid.spacing, outside=OUTSIDE
    )
    lowers = ((np.arange(means.shape[1]) - OUTSIDE) * grid.spacing - cells.shape[1] / 2) * energies.cell_hz
    excess = np.where(
        allowed(lowers + PREAMBLE_WIDTH_HZ / 2, ranges),
        (means / usual(means) - 1) * np.float32(np.sqrt(independent_values(grid.steps, grid.width))),
        np.float32(-np.inf),
    )
    steady = np.minimum(excess, np.float32(TRAIN_LIMIT))
    periods = [period_s / (grid.stride * energies.cell_s) for period_s in TRAIN_PERIODS_S]
    members = {place for period in periods for place in train_places(steady, period, train_deviations, grid.near)}
    maxima = local_maxima(excess, deviations, grid.near, excess.size)
    strong = even(cells, grid, maxima, means)
    weak = apart([place for place in sorted(members) if excess[place] <= deviations], maxima, grid.near)
    expected = np.zeros(excess.shape, bool)
    expected[tuple(np.array(sorted(members), np.int64).reshape(-1, 2).T)] = True
    triggers = [
        Trigger(at=row * grid.stride, lower_hz=float(lowers[column]), train=train)
        for row, column, train in (
            *((*place, bool(excess[place] < TRAIN_LIMIT and expected[grid.around(place)].any())) for place in strong),
            *((*place, True) for place in weak),
        )
    ]
    return triggers[:most], max(0, len(triggers) - most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Sizes and distances of the boxes, in cells."""

    steps: int
    width: int
    stride: int
    spacing: int

    @classmethod
    def of(cls, energies: EnergyMap) -> "Grid":
        """Boxes as large as a preamble, whole numbers of strides long and of spacings wide where that is near enough."""
        steps = max(1, min(len(energies.cells), round(WINDOW_S / energies.cell_s)))
        spacing = max(1, round(SPACING_HZ / energies.cell_hz))
        return cls(
            steps=steps,
            width=spacing * max(1, round(PREAMBLE_WIDTH_HZ / (spacing * energies.cell_hz))),
            stride=max(1, round(steps / STRIDES)),
            spacing=spacing,
        )

    @property
    def near(self) -> tuple[int, int]:
        """How many boxes away, in time and in frequency, another one is of the same burst."""
        return self.steps // self.stride + 1, self.width // self.spacing

    def around(self, place: tuple[int, int]) -> tuple[slice, slice]:
        """The neighbourhood of a box."""
        (row, column), (rows, columns) = place, self.near
        return slice(max(0, row - rows), row + rows + 1), slice(max(0, column - columns), column + columns + 1)


def even(cells: FloatArray, grid: Grid, places: Sequence[Place], means: FloatArray) -> list[Place]:
    """The places whose every part that was received has its share of the energy: a narrow or a short signal fills some.

    A preamble may be a chirp: its energy is even over each time and over each band, but not over both.

    Parameters
    ----------
    means
        Of all boxes.
    """
    if not places:
        return []
    rows, columns = np.array(places).T
    excess = means[rows, columns] - 1
    reach, count = OUTSIDE * grid.spacing, grid.width // grid.spacing
    padded = np.pad(cells, ((0, 0), (reach, reach + grid.spacing)), constant_values=1.0)
    times = (grid.stride * rows)[:, None] + np.arange(grid.steps)
    bands = (grid.spacing * columns)[:, None] + np.arange(grid.width)
    boxes = padded[times[:, :, None], bands[:, None, :]]
    part = columns[:, None] + np.arange(count)
    received = (part >= OUTSIDE) & (part < OUTSIDE + cells.shape[1] // grid.spacing)
    by_band = boxes.reshape(len(places), grid.steps, count, grid.spacing).mean(axis=(1, 3))
    whole = enough(np.where(received, by_band, np.inf).min(axis=1), excess, steps=grid.steps, width=grid.spacing)
    whole &= enough(boxes.mean(axis=2).min(axis=1), excess, steps=1, width=grid.width)
    return [place for place, right in zip(places, whole.tolist(), strict=True) if right]


def enough(weakest: FloatArray, excess: FloatArray, *, steps: int, width: int) -> NDArray[np.bool_]:
    """Whether the weakest part of each box, of so many times and bands, has its share of the box's mean excess."""
    noise = PART_DEVIATIONS / np.sqrt(independent_values(steps, width))
    return np.asarray(weakest * (1 + noise) - 1 >= EVEN * excess)


def apart(members: Sequence[Place], others: Sequence[Place], near: tuple[int, int]) -> list[Place]:
    """The members that lie in no neighbourhood of the others."""
    if not members or not others:
        return list(members)
    distance = np.abs(np.array(members)[:, None] - np.array(others))
    return [
        place for place, close in zip(members, (distance <= near).all(axis=2).any(axis=1), strict=True) if not close
    ]


def preamble_excess(energies: EnergyMap, begins: NDArray[np.float64], *, lower_hz: float) -> NDArray[np.float64]:
    """Excess energy, in standard deviations of noise, of preambles that begin at some times; shape as the times'.

    Parameters
    ----------
    begins
        In cells, not rounded.
    lower_hz
        Lower edge of their band, as an offset from the centre.
    """
    cells = energies.cells
    edges = np.arange(cells.shape[1] + 1) - cells.shape[1] / 2
    inside = np.clip(edges, lower_hz / energies.cell_hz, (lower_hz + PREAMBLE_WIDTH_HZ) / energies.cell_hz)
    shares = np.diff(inside)
    width, length = float(shares.sum()), min(len(cells), WINDOW_S / energies.cell_s)
    summed = np.concatenate((np.zeros(1), np.cumsum(cells @ (shares / width).astype(np.float32), dtype=np.float64)))

    def means(at: NDArray[np.float64]) -> NDArray[np.float64]:
        at = np.clip(at, 0, len(cells) - length)
        ends = np.interp(np.concatenate((at, at + length)), np.arange(summed.size), summed)
        return np.asarray((ends[at.size :] - ends[: at.size]) / length)

    usual_mean = min(1.0, float(np.median(means(np.arange(len(cells), dtype=np.float64)))))
    return np.asarray((means(begins) / usual_mean - 1) * np.sqrt(independent_values(length, width)))


def allowed(middles_hz: NDArray[np.float64], ranges: Ranges) -> NDArray[np.bool_]:
    """Which bands have their middle in one of the ranges."""
    inside = [(middles_hz > low) & (middles_hz < high) for low, high in ranges]
    return np.asarray(np.logical_or.reduce(inside), np.bool_)


def usual(means: FloatArray) -> FloatArray:
    """What boxes hold where nobody sends: the medians, but no more than that of all places; one in a short segment."""
    if len(means) <= 16:
        return np.ones(means.shape[1], np.float32)
    by_place = medians(means[::SPARSE])
    return np.asarray(np.minimum(by_place, np.median(by_place)), np.float32)


def local_maxima(excess: FloatArray, deviations: float, near: tuple[int, int], most: int) -> list[Place]:
    """The strongest places above a level, no two in one neighbourhood, strongest first.

    Only what stands over the places right beside it is looked at: what does not belongs to what it leans on.

    Parameters
    ----------
    near
        How far a neighbourhood reaches.
    most
        As many are given.
    """
    rows, columns = np.nonzero(excess > deviations)
    peaks = peaks_of(excess, rows, columns) if rows.size else rows
    rows, columns = rows[peaks], columns[peaks]
    order = np.argsort(-excess[rows, columns])
    free = np.ones(excess.shape, bool)
    found: list[Place] = []
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if len(found) == most:
            break
        if free[row, column]:
            free[max(0, row - near[0]) : row + near[0] + 1, max(0, column - near[1]) : column + near[1] + 1] = False
            found.append((row, column))
    return found


def peaks_of(excess: FloatArray, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.intp]:
    """Indexes of the places over which none of the eight beside them stands."""
    padded = np.pad(excess, 1, constant_values=-np.inf)
    tallest = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
    tallest = np.maximum(np.maximum(tallest[:, :-2], tallest[:, 1:-1]), tallest[:, 2:])
    return np.flatnonzero(excess[rows, columns] >= tallest[rows, columns])


def train_places(excess: FloatArray, period: float, deviations: float, near: tuple[int, int]) -> Iterator[Place]:
    """Rows and columns of the boxes of the strongest trains."""
    if len(excess) < LEAST_TRAIN * period:
        return
    total, starts = folded(excess, period)
    for row, column in local_maxima(total, deviations, near, TRAINS):
        yield from ((int(start) + row, column) for start in starts if excess[int(start) + row, column] > TRAIN_LEAST)
