"""The lattice of a cell: where its slots begin and where its resource blocks lie, learned from energy alone.

Both are properties of the cell and of the receiver's frequency error, so they are learned once from whatever is heard
and kept. Nothing here knows what a cell holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from detector.lte.pieces import Stretch
from detector.lte.standard import RESOURCE_BLOCK_HZ, SLOT_S
from detector.lte.votes import CELL_VALUES, CHUNKS, SLOT_BIN_HZ, SlotVotes, Votes, block_votes, faded, slot_votes, usual
from detector.types import FloatArray, Iq

__all__ = ["Lattice", "Learnt", "SlotMap", "SlotPower", "learn", "slot_map", "slot_power"]

LINE: Final = 2.0
"""A bin whose median stands this far over that of its neighbours on either side is a steady line."""

PARTS: Final = 3
"""A stretch is put away for its slots after one of so many parts of it, if that is foreign."""

BESIDE: Final = 12
"""How many neighbours those are."""


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlotPower:
    """Power of each 2 kHz bin of some slots.

    Parameters
    ----------
    starts
        Shape (n_slots,): absolute first sample of each slot.
    bins
        Shape (n_slots, n).
    frequencies_hz
        Shape (n,), ascending.
    """

    starts: NDArray[np.int64]
    bins: FloatArray
    frequencies_hz: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learnt:
    """A lattice, the votes that made it, and the power in its slots."""

    lattice: Lattice
    votes: Votes
    power: SlotPower


def learn(
    stretch: Stretch,
    votes: Votes,
    *,
    allowed: tuple[float, float],
    taken: Sequence[tuple[int, int]] = (),
    contrast: float,
    restless: float,
) -> Learnt | None:
    """The lattice on which energies differ most, in a stretch and in those that voted before; None in foreign slots.

    Parameters
    ----------
    allowed
        Lower and upper edge of the part of the band to look at.
    taken
        First samples and ends, absolute, of what is known to lie on no lattice.
    contrast, restless
        As in :meth:`detector.lte.votes.SlotVotes.foreign`.
    """
    length = SLOT_S * stretch.sample_rate_hz
    for looked_at in (first_part(stretch), stretch):
        fresh = votes_for_slots(looked_at, allowed, taken)
        if fresh.foreign(contrast, restless):
            return None
    slots = faded(votes.slots, fresh.votes)
    slot = int(np.argmax(slots)) / slots.size * length
    power = slot_power(stretch, slot)
    inside = np.flatnonzero((power.frequencies_hz > allowed[0]) & (power.frequencies_hz < allowed[1]))
    energies = power.bins[:, inside[0] : inside[-1] + 1] if inside.size else power.bins[:, :0]
    blocks = faded(votes.blocks, block_votes(quietened(energies, power.starts, round(length), taken)))
    lower = (
        float(power.frequencies_hz[inside[0]] if inside.size else 0.0) + (int(np.argmax(blocks)) - 0.5) * SLOT_BIN_HZ
    )
    return Learnt(lattice=Lattice(slot=slot, lower_hz=lower), votes=Votes(slots=slots, blocks=blocks), power=power)


def first_part(stretch: Stretch) -> Stretch:
    """As much of a stretch as tells slots of another length: they do not end with it."""
    return replace(stretch, iq=stretch.iq[: stretch.iq.size // PARTS])


def votes_for_slots(stretch: Stretch, allowed: tuple[float, float], taken: Sequence[tuple[int, int]]) -> SlotVotes:
    """A stretch's votes for the phases of a slot."""
    rate = stretch.sample_rate_hz
    size = round(SLOT_S / CHUNKS * rate)
    bands, values = chunk_bands(stretch, size, allowed)
    bands = quietened(bands, stretch.start + size * np.arange(len(bands)), size, taken)
    return slot_votes(bands, values, slot=SLOT_S * rate / size, begin=stretch.start / (SLOT_S * rate))


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
    power = power.copy()
    power[:, lines] = power[:, nearest[lines]]
    return power


def slot_starts(stretch: Stretch, slot: float) -> NDArray[np.int64]:
    """First samples of the whole slots in a stretch, absolute."""
    length = SLOT_S * stretch.sample_rate_hz
    first = int(np.ceil((stretch.start - slot) / length - 1e-9))
    last = int(np.floor((stretch.stop - slot) / length + 1e-9))
    return np.round(slot + length * np.arange(first, last)).astype(np.int64)


def slot_power(stretch: Stretch, slot: float) -> SlotPower:
    """Power of each 2 kHz bin of the whole slots of a stretch, if some slot begins at a sample."""
    rate = stretch.sample_rate_hz
    size = round(SLOT_S * rate)
    starts = slot_starts(stretch, slot)
    starts = starts[(starts >= stretch.start) & (starts + size <= stretch.stop)]
    spectrum = scipy.fft.fft(windows(stretch, starts, size), axis=1)
    power = np.empty(spectrum.shape, np.float32)
    middle = (size + 1) // 2
    spectrum *= np.float32(1 / size)
    for into, out_of in (
        (np.s_[:, size - middle :], np.s_[:, :middle]),
        (np.s_[:, : size - middle], np.s_[:, middle:]),
    ):
        np.square(spectrum[out_of].real, out=power[into])
        power[into] += np.square(spectrum[out_of].imag)
    frequencies = scipy.fft.fftshift(np.asarray(scipy.fft.fftfreq(size, 1 / rate), np.float64))
    return SlotPower(starts=starts, bins=notched(power), frequencies_hz=frequencies)


def windows(stretch: Stretch, starts: NDArray[np.int64], size: int) -> Iq:
    """The samples of some slots, shape (n_slots, size); no copy where they follow each other."""
    if starts.size and starts[-1] - starts[0] == size * (starts.size - 1):
        first = int(starts[0]) - stretch.start
        return stretch.iq[first : first + size * starts.size].reshape(-1, size)
    return np.asarray(stretch.iq[(starts - stretch.start)[:, None] + np.arange(size)], np.complex64)


def slot_map(power: SlotPower, lattice: Lattice, *, allowed: tuple[float, float], noise: float) -> SlotMap:
    """Energies on a lattice, over the floor.

    Parameters
    ----------
    power
        Of the lattice's slots.
    noise
        Noise power in one block that the receiver's own floor tells; a block's quietest slots may tell less.
    """
    frequencies = power.frequencies_hz
    low, high = max(allowed[0], frequencies[0]), min(allowed[1], frequencies[-1])
    first = int(np.ceil((low - lattice.lower_hz) / RESOURCE_BLOCK_HZ - 0.05))
    last = int(np.floor((high - lattice.lower_hz) / RESOURCE_BLOCK_HZ + 0.05))
    lowers = lattice.lower_hz + RESOURCE_BLOCK_HZ * np.arange(first, last, dtype=np.float64)
    begin = np.round((lowers - frequencies[0]) / SLOT_BIN_HZ + 0.5).astype(np.int64)
    begin = np.clip(begin, 0, frequencies.size - CELL_VALUES)
    sums = np.empty((len(power.bins), begin.size))
    for block, at in enumerate(begin.tolist()):
        sums[:, block] = power.bins[:, at : at + CELL_VALUES].sum(axis=1)
    floor = block_floor(sums, noise)
    return SlotMap(cells=sums / floor, starts=power.starts, lowers_hz=lowers, floor=floor)


def block_floor(power: NDArray[np.float64], noise: float) -> NDArray[np.float64]:
    """Noise power of each block: what the receiver's floor says, or less where its quietest slots say less."""
    quiet = np.quantile(power, 0.1, axis=0) / (1 - 1.28 / np.sqrt(CELL_VALUES))
    floor = np.minimum(quiet, noise * 1.6)
    return np.asarray(np.maximum(np.minimum(floor, 2.5 * np.quantile(floor, 0.2)), 1e-20), np.float64)
