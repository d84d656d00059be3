"""The lattice of a cell: where its slots begin and where its resource blocks lie, learned from energy alone.

Both are properties of the cell and of the receiver's frequency error, so they are learned once from whatever is heard
and kept. A phase is right when the energies of the cells of its grid differ most: bursts then fill whole cells. Nothing
here knows what a cell holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from detector.lte.pieces import Stretch
from detector.lte.standard import RESOURCE_BLOCK_HZ, SLOT_S
from detector.types import FloatArray

__all__ = ["CELL_VALUES", "NO_VOTES", "Lattice", "SlotMap", "Votes", "learn", "slot_map"]

CELL_VALUES: Final = 90
"""Independent complex values in one slot and one resource block."""

CHUNKS: Final = 8
"""Parts of a slot whose energies are taken to find where slots begin."""

FINE: Final = 4
"""Steps of the time phase in one such part: 16 us."""

NOISE_DEVIATIONS: Final = 2.0
"""Deviations up to this many times their own noise do not count."""

VOTE_WEIGHT: Final = 0.1
"""Of a squared deviation in a likelihood: half were cells independent, less as neighbours share bursts."""

FADING: Final = 0.8
"""What one more stretch leaves of older votes."""

LINE: Final = 2.0
"""A bin whose median stands this far over that of its neighbours on either side is a steady line."""

BESIDE: Final = 12
"""How many neighbours those are."""

ENOUGH: Final = 100
"""Rows, evenly taken, that are enough for a median."""

QUIETEST: Final = 0.05
NORMAL_QUANTILE: Final = -1.645
BUSY: Final = 2.0
"""A column whose median stands this far over the level of its quietest rows, this share of all, is busy."""

NEIGHBOURS: Final = 0.2
UNEVEN: Final = 4.0
"""How far over the quietest columns, this share of all, another one's level may be when nobody sends."""

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
class Votes:
    """How much each phase of the lattice stood out so far, older stretches fading.

    Parameters
    ----------
    slots
        Shape (32,), over the phases of a slot counted in absolute samples.
    blocks
        Shape (90,), over the phases of a resource block counted from the band's lower edge.
    """

    slots: NDArray[np.float64]
    blocks: NDArray[np.float64]

    def prior(self, shifts_hz: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the votes say of blocks that lie higher by some shifts, as a logarithm; shape as the shifts."""
        phases = int(np.argmax(self.blocks)) + np.round(shifts_hz / SLOT_BIN_HZ).astype(np.int64)
        return np.asarray(VOTE_WEIGHT * (self.blocks[phases % self.blocks.size] - self.blocks.max()))


NO_VOTES: Final = Votes(slots=np.zeros(CHUNKS * FINE), blocks=np.zeros(CELL_VALUES))


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


def learn(
    stretch: Stretch, votes: Votes, *, allowed: tuple[float, float], taken: Sequence[tuple[int, int]] = ()
) -> tuple[Lattice, Votes]:
    """The lattice on which energies differ most, in a stretch and in those that voted before.

    Parameters
    ----------
    allowed
        Lower and upper edge of the part of the band to look at.
    taken
        First samples and ends, absolute, of what is known to lie on no lattice.
    """
    length = SLOT_S * stretch.sample_rate_hz
    slots = FADING * votes.slots + slot_votes(stretch, allowed, taken)
    slot = int(np.argmax(slots)) / slots.size * length
    starts = slot_starts(stretch, slot)
    energies, frequencies = slot_energies(stretch, starts)
    inside = (frequencies > allowed[0]) & (frequencies < allowed[1])
    blocks = FADING * votes.blocks + block_votes(quietened(energies[:, inside], starts, round(length), taken))
    lower = float(frequencies[inside][0]) + (int(np.argmax(blocks)) - 0.5) * SLOT_BIN_HZ
    return Lattice(slot=slot, lower_hz=lower), Votes(slots=slots, blocks=blocks)


def slot_votes(stretch: Stretch, allowed: tuple[float, float], taken: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """How much the energies of slots of each phase stand out, shape (32,)."""
    rate = stretch.sample_rate_hz
    size = round(SLOT_S / CHUNKS * rate)
    bands, values = chunk_bands(stretch, size, allowed)
    bands = quietened(bands, stretch.start + size * np.arange(len(bands)), size, taken)
    summed = np.pad(np.cumsum(bands, axis=0, dtype=np.float64), ((1, 0), (0, 0)))
    slot = SLOT_S * rate / size
    phased = [
        np.diff(interpolated(summed, np.arange(phase / FINE, len(bands) + 1e-9, slot)), axis=0)
        for phase in range(CHUNKS * FINE)
    ]
    scores = [standing_out(sums, values, usual(sums)) for sums in phased]
    phases = np.arange(CHUNKS * FINE) / (CHUNKS * FINE)
    own = np.arange(CHUNKS * FINE) / FINE / slot + stretch.start / (SLOT_S * rate)
    return np.asarray(np.interp(phases, own % 1, scores, period=1.0))


def chunk_bands(stretch: Stretch, size: int, allowed: tuple[float, float]) -> tuple[FloatArray, int]:
    """Power of overlapping bands of a block's width in each eighth of a slot, and the values in a slot of one."""
    n = stretch.iq.size // size
    spectrum = scipy.fft.fft(stretch.iq[: n * size].reshape(n, size), axis=1)
    power = scipy.fft.fftshift(spectrum.real**2 + spectrum.imag**2, axes=1)
    frequencies = scipy.fft.fftshift(scipy.fft.fftfreq(size, 1 / stretch.sample_rate_hz))
    inside = notched(power[:, (frequencies > allowed[0]) & (frequencies < allowed[1])])
    half = max(1, round(RESOURCE_BLOCK_HZ / 2 / (stretch.sample_rate_hz / size)))
    width = inside.shape[1] // half * half
    halves = inside[:, :width].reshape(n, -1, half).sum(axis=2)
    return np.asarray(halves[:, :-1] + halves[:, 1:], np.float32), CHUNKS * 2 * half


def quietened(
    power: FloatArray, starts: NDArray[np.int64], length: int, taken: Sequence[tuple[int, int]]
) -> FloatArray:
    """The same map, but rows that overlap what is taken hold the medians of all rows."""
    rows = np.zeros(len(power), bool)
    for begin, end in taken:
        rows |= (starts < end) & (starts + length > begin)
    return np.where(rows[:, None], usual(power), power).astype(np.float32) if rows.any() else power


def usual(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Median of each column, of enough of its rows; ones if there are none."""
    if not len(values):
        return np.ones(values.shape[1])
    return np.asarray(np.median(values[:: max(1, len(values) // ENOUGH)], axis=0), np.float64)


def notched(power: FloatArray) -> FloatArray:
    """The same map without steady narrow lines: a bin that always stands out takes its quiet neighbour's values.

    A line stands out on both its sides; the edge of a busy channel does on one.
    """
    level = usual(power)
    if level.size < 2 * BESIDE:
        return power
    padded = np.pad(level, BESIDE, mode="reflect")
    beside = np.median(np.lib.stride_tricks.sliding_window_view(padded, BESIDE), axis=-1)
    lines = level > LINE * np.maximum(beside[: level.size], beside[BESIDE + 1 : BESIDE + 1 + level.size])
    if not lines.any():
        return power
    good = np.flatnonzero(~lines)
    nearest = good[np.clip(np.searchsorted(good, np.arange(level.size)), 0, good.size - 1)]
    return power[:, nearest]


def interpolated(summed: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of a cumulative sum at fractional places."""
    whole = np.minimum(at.astype(np.int64), len(summed) - 2)
    rest = (at - whole)[:, None]
    return np.asarray(summed[whole] * (1 - rest) + summed[whole + 1] * rest)


def standing_out(sums: NDArray[np.float64], values: int, level: NDArray[np.float64]) -> float:
    """Sum of the squared deviations from each column's usual level, less what noise explains.

    Parameters
    ----------
    values
        Independent values in each sum: their noise is one over the root of it.
    level
        Of each column.
    """
    if not len(sums):
        return 0.0
    deviations = np.abs(sums / np.maximum(level, 1e-30) - 1) * np.sqrt(values)
    return float(np.sum(np.square(np.maximum(deviations - NOISE_DEVIATIONS, 0))))


def quiet(sums: NDArray[np.float64], values: int) -> NDArray[np.float64]:
    """What each column holds where nobody sends: its median, or one level for all where any is busy most of the time.

    A busy column's own level, and what it leaks into its neighbours', would make half a column stand out like a whole.
    """
    if not sums.size:
        return np.ones(sums.shape[1])
    rows = sums[:: max(1, len(sums) // ENOUGH)]
    least = int(QUIETEST * len(rows))
    ordered = np.partition(rows, (least, len(rows) // 2), axis=0)
    low = ordered[least] / (1 + NORMAL_QUANTILE / np.sqrt(values))
    middle = ordered[len(rows) // 2]
    calm = np.minimum(low, middle)
    common = np.full(middle.size, np.quantile(calm, NEIGHBOURS))
    busy = (middle > BUSY * low) | (middle > UNEVEN * common)
    return np.asarray(common if busy.any() else middle)


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
    return notched(scipy.fft.fftshift(power, axes=1)), scipy.fft.fftshift(
        np.asarray(scipy.fft.fftfreq(size, 1 / rate), np.float64)
    )


def block_votes(energies: FloatArray) -> NDArray[np.float64]:
    """How much the energies of blocks of each phase stand out, shape (90,)."""
    summed = np.pad(np.cumsum(energies, axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    phased = [np.diff(summed[:, phase::CELL_VALUES], axis=1) for phase in range(CELL_VALUES)]
    return np.array([standing_out(sums, CELL_VALUES, quiet(sums, CELL_VALUES)) for sums in phased])


def slot_map(stretch: Stretch, lattice: Lattice, *, allowed: tuple[float, float], noise: float) -> SlotMap:
    """Energies on a lattice, over the floor.

    Parameters
    ----------
    noise
        Noise power in one block that the receiver's own floor tells; a block's quietest slots may tell less.
    """
    starts = slot_starts(stretch, lattice.slot)
    energies, frequencies = slot_energies(stretch, starts)
    width = round(RESOURCE_BLOCK_HZ / SLOT_BIN_HZ)
    low, high = max(allowed[0], frequencies[0]), min(allowed[1], frequencies[-1])
    first = int(np.ceil((low - lattice.lower_hz) / RESOURCE_BLOCK_HZ - 0.05))
    last = int(np.floor((high - lattice.lower_hz) / RESOURCE_BLOCK_HZ + 0.05))
    lowers = lattice.lower_hz + RESOURCE_BLOCK_HZ * np.arange(first, last, dtype=np.float64)
    begin = np.round((lowers - frequencies[0]) / SLOT_BIN_HZ + 0.5).astype(np.int64)
    begin = np.clip(begin, 0, frequencies.size - width)
    power = energies[:, begin[:, None] + np.arange(width)].sum(axis=2, dtype=np.float64)
    floor = block_floor(power, noise)
    return SlotMap(cells=power / floor, starts=starts, lowers_hz=lowers, floor=floor)


def block_floor(power: NDArray[np.float64], noise: float) -> NDArray[np.float64]:
    """Noise power of each block: what the receiver's floor says, or less where its quietest slots say less."""
    quiet = np.quantile(power, 0.1, axis=0) / (1 - 1.28 / np.sqrt(CELL_VALUES))
    floor = np.minimum(quiet, noise * 1.6)
    return np.asarray(np.maximum(np.minimum(floor, 2.5 * np.quantile(floor, 0.2)), 1e-20), np.float64)
