"""The lattice of a cell: where its slots begin and where its resource blocks lie, learned from energy alone.

Both are properties of the cell and of the receiver's frequency error, so they are learned once from whatever is heard
and kept. A phase is right when the energies of the cells of its grid differ most: bursts then fill whole cells. Nothing
here knows what a cell holds.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from detector.lte.access import Stretch
from detector.lte.standard import RESOURCE_BLOCK_HZ, SLOT_S
from detector.types import FloatArray

__all__ = ["CELL_VALUES", "Lattice", "SlotMap", "learn", "slot_map"]

CELL_VALUES: Final = 90
"""Independent complex values in one slot and one resource block."""

CHUNKS: Final = 8
"""Parts of a slot whose energies are taken to find where slots begin."""

FINE: Final = 4
"""Steps of the time phase in one such part: 16 us."""

NOISE_DEVIATIONS: Final = 3.0
"""Deviations up to this many times their own noise do not count."""

LINE: Final = 2.0
"""A bin whose median stands this far over its neighbours' is a steady line."""

SLOT_BIN_HZ: Final = 1 / SLOT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Lattice:
    """Where slots and resource blocks lie.

    Parameters
    ----------
    slot
        Absolute sample at which some slot begins, not rounded.
    lower_hz
        Lower edge of some resource block, as an offset from the centre.
    """

    slot: float
    lower_hz: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlotMap:
    """Energies on a lattice.

    Parameters
    ----------
    cells
        Shape (n_slots, n_blocks): mean power over the floor.
    starts
        Shape (n_slots,): absolute first sample of each slot.
    lowers_hz
        Shape (n_blocks,): lower edge of each block.
    floor
        Shape (n_blocks,): noise power in one block.
    """

    cells: NDArray[np.float64]
    starts: NDArray[np.int64]
    lowers_hz: NDArray[np.float64]
    floor: NDArray[np.float64]


def learn(stretch: Stretch, *, allowed: tuple[float, float]) -> Lattice:
    """The lattice on which a stretch's energies differ most.

    Parameters
    ----------
    allowed
        Lower and upper edge of the part of the band to look at.
    """
    slot = learn_slot(stretch, allowed)
    energies, frequencies = slot_energies(stretch, slot_starts(stretch, slot))
    return Lattice(slot=slot, lower_hz=learn_block(energies, frequencies, allowed))


def learn_slot(stretch: Stretch, allowed: tuple[float, float]) -> float:
    """Absolute sample at which a slot begins."""
    rate = stretch.sample_rate_hz
    size = round(SLOT_S / CHUNKS * rate)
    n = stretch.iq.size // size
    spectrum = scipy.fft.fft(stretch.iq[: n * size].reshape(n, size), axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    frequencies = scipy.fft.fftfreq(size, 1 / rate)
    order = np.argsort(frequencies)
    order = order[(frequencies[order] > allowed[0]) & (frequencies[order] < allowed[1])]
    half = max(1, round(RESOURCE_BLOCK_HZ / 2 / (rate / size)))
    width = order.size // half * half
    halves = notched(power[:, order])[:, :width].reshape(n, -1, half).sum(axis=2)
    bands = halves[:, :-1] + halves[:, 1:]
    summed = np.concatenate((np.zeros((1, bands.shape[1])), np.cumsum(bands, axis=0, dtype=np.float64)))
    places = SLOT_S * rate / size
    values = CHUNKS * 2 * half
    scores = [
        standing_out(np.diff(interpolated(summed, np.arange(phase / FINE, n + 1e-9, places)), axis=0), values)
        for phase in range(CHUNKS * FINE)
    ]
    return stretch.start + int(np.argmax(scores)) / FINE * size


def notched(power: FloatArray) -> FloatArray:
    """The same map without steady narrow lines: a bin that always stands out takes its quiet neighbour's values."""
    level = np.median(power, axis=0)
    width = min(level.size, 31)
    padded = np.pad(level, width // 2, mode="reflect") if level.size > width else level
    around = np.median(np.lib.stride_tricks.sliding_window_view(padded, width), axis=-1)
    lines = np.zeros(level.size, bool)
    lines[: around.size] = level[: around.size] > LINE * around
    if not lines.any() or lines.all():
        return power
    good = np.flatnonzero(~lines)
    nearest = good[np.clip(np.searchsorted(good, np.arange(level.size)), 0, good.size - 1)]
    return power[:, nearest]


def interpolated(summed: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of a cumulative sum at fractional places."""
    whole = np.minimum(at.astype(np.int64), len(summed) - 2)
    rest = (at - whole)[:, None]
    return np.asarray(summed[whole] * (1 - rest) + summed[whole + 1] * rest)


def standing_out(sums: NDArray[np.float64], values: int) -> float:
    """Sum of the squared deviations from each column's median, less what noise explains.

    Parameters
    ----------
    values
        Independent values in each sum: their noise is one over the root of it.
    """
    if not len(sums):
        return 0.0
    deviations = np.abs(sums / np.maximum(np.median(sums, axis=0), 1e-30) - 1) * np.sqrt(values)
    return float(np.sum(np.square(np.maximum(deviations - NOISE_DEVIATIONS, 0))))


def slot_starts(stretch: Stretch, slot: float) -> NDArray[np.int64]:
    """First samples of the whole slots in a stretch, absolute."""
    length = SLOT_S * stretch.sample_rate_hz
    first = int(np.ceil((stretch.start - slot) / length - 1e-9))
    last = int(np.floor((stretch.stop - slot) / length + 1e-9))
    return np.round(slot + length * np.arange(first, last)).astype(np.int64)


def slot_energies(stretch: Stretch, starts: NDArray[np.int64]) -> tuple[FloatArray, NDArray[np.float64]]:
    """Power of each 2 kHz bin of each slot, shape (n_slots, n), with the bins' frequencies, ascending."""
    rate = stretch.sample_rate_hz
    size = round(SLOT_S * rate)
    starts = starts[(starts >= stretch.start) & (starts + size <= stretch.stop)]
    spectrum = scipy.fft.fft(stretch.iq[(starts - stretch.start)[:, None] + np.arange(size)], axis=1, overwrite_x=True)
    power = np.asarray((spectrum.real**2 + spectrum.imag**2) / np.float32(size) ** 2, np.float32)
    return notched(scipy.fft.fftshift(power, axes=1)), scipy.fft.fftshift(scipy.fft.fftfreq(size, 1 / rate))


def learn_block(energies: FloatArray, frequencies: NDArray[np.float64], allowed: tuple[float, float]) -> float:
    """Lower edge of a resource block."""
    inside = (frequencies > allowed[0]) & (frequencies < allowed[1])
    summed = np.pad(np.cumsum(energies[:, inside], axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    width = round(RESOURCE_BLOCK_HZ / SLOT_BIN_HZ)
    scores = [standing_out(np.diff(summed[:, phase::width], axis=1), CELL_VALUES) for phase in range(width)]
    return float(frequencies[inside][0]) + int(np.argmax(scores)) * SLOT_BIN_HZ - SLOT_BIN_HZ / 2


def slot_map(stretch: Stretch, lattice: Lattice, *, allowed: tuple[float, float], density: float) -> SlotMap:
    """Energies on a lattice, over the floor.

    Parameters
    ----------
    density
        Noise power in one block that the receiver's own floor tells; a block's quietest slots may tell less.
    """
    starts = slot_starts(stretch, lattice.slot)
    energies, frequencies = slot_energies(stretch, starts)
    width = round(RESOURCE_BLOCK_HZ / SLOT_BIN_HZ)
    low, high = max(allowed[0], frequencies[0]), min(allowed[1], frequencies[-1])
    first = int(np.ceil((low - lattice.lower_hz) / RESOURCE_BLOCK_HZ - 0.05))
    last = int(np.floor((high - lattice.lower_hz) / RESOURCE_BLOCK_HZ + 0.05))
    lowers = lattice.lower_hz + RESOURCE_BLOCK_HZ * np.arange(first, last)
    begin = np.clip(
        np.round((lowers - frequencies[0]) / SLOT_BIN_HZ + 0.5).astype(np.int64), 0, frequencies.size - width
    )
    summed = np.concatenate((np.zeros((len(energies), 1)), np.cumsum(energies, axis=1, dtype=np.float64)), axis=1)
    power = summed[:, begin + width] - summed[:, begin]
    floor = block_floor(power, density)
    return SlotMap(cells=power / floor, starts=starts, lowers_hz=lowers, floor=floor)


def block_floor(power: NDArray[np.float64], density: float) -> NDArray[np.float64]:
    """Noise power of each block: what the receiver's floor says, or less where its quietest slots say less."""
    quiet = np.quantile(power, 0.1, axis=0) / (1 - 1.28 / np.sqrt(CELL_VALUES))
    floor = np.minimum(quiet, density * 1.6)
    return np.maximum(np.minimum(floor, 2.5 * np.quantile(floor, 0.2)), 1e-20)
