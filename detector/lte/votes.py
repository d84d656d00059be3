"""How much each phase of a lattice stands out in energy: the votes by which a cell's slots and blocks are found.

A phase is right when the energies of the cells of its grid differ most: bursts then fill whole cells. Votes of older
stretches fade, and never outweigh the latest: what another radio left behind is forgotten at once. Nothing here knows what
a cell holds.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detector.lte.standard import SLOT_S
from detector.types import FloatArray

__all__ = [
    "CELL_VALUES",
    "CHUNKS",
    "NO_VOTES",
    "SLOT_BIN_HZ",
    "SlotVotes",
    "Votes",
    "block_votes",
    "faded",
    "slot_votes",
    "usual",
]

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

NONE: Final = 1e300
"""Stands for no value, above every other."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Votes:
    """How much each phase of the lattice stood out so far.

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


def faded(old: NDArray[np.float64], fresh: NDArray[np.float64]) -> NDArray[np.float64]:
    """Older votes and those of one more stretch, which they do not outweigh."""
    return np.asarray(fresh + FADING * old * min(1.0, fresh.max() / max(float(old.max()), 1e-30)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlotVotes:
    """What a stretch says of the phases of a slot.

    Parameters
    ----------
    votes
        Shape (32,): how much the energies of slots of each phase stand out, by the phase counted in absolute samples.
    changes
        Shape (32,): mean square by which slots of each phase differ from those before them, in standard deviations of noise.
    """

    votes: NDArray[np.float64]
    changes: NDArray[np.float64]

    def foreign(self, contrast: float, restless: float) -> bool:
        """Whether energies come and go, but as much on every phase: in slots of another length.

        A steady upload changes nowhere; it is not foreign, however alike its phases are.
        """
        if self.votes.max() >= contrast * np.median(self.votes):
            return False
        usual_change = float(np.median(self.changes))
        return usual_change > restless and self.changes.max() < contrast * usual_change


def slot_votes(bands: FloatArray, values: int, *, slot: float, begin: float) -> SlotVotes:
    """How much the energies of slots of each phase stand out, and how much they change.

    Parameters
    ----------
    bands
        Shape (n_chunks, n_bands): power of bands of a block's width in successive parts of a slot.
    values
        Independent ones in a slot of one band.
    slot
        Parts in a slot, not rounded.
    begin
        Slots before the first part, not rounded.
    """
    own = np.arange(CHUNKS * FINE) / FINE
    count = int((len(bands) - own[-1]) / slot)
    if count < 2 or not bands.shape[1]:
        return SlotVotes(votes=np.zeros(CHUNKS * FINE), changes=np.zeros(CHUNKS * FINE))
    summed = np.pad(np.cumsum(bands, axis=0, dtype=np.float64), ((1, 0), (0, 0)))
    sums = np.diff(interpolated(summed, own[:, None] + slot * np.arange(count + 1)), axis=1)
    level = usual(sums)[:, None]
    scores = standing_out(sums, values, level).sum(axis=(1, 2), dtype=np.float64)
    changes = standing_out(np.diff(sums, axis=1) + level, values / 2, level).mean(axis=(1, 2), dtype=np.float64)
    phases = np.arange(CHUNKS * FINE) / (CHUNKS * FINE)
    votes = np.interp(phases, (own / slot + begin) % 1, scores, period=1.0)
    return SlotVotes(votes=np.asarray(votes), changes=changes)


def block_votes(energies: FloatArray) -> NDArray[np.float64]:
    """How much the energies of blocks of each phase stand out, shape (90,).

    Parameters
    ----------
    energies
        Shape (n_slots, n): power of each 2 kHz bin of each slot.
    """
    if energies.shape[1] < CELL_VALUES or not len(energies):
        return np.zeros(CELL_VALUES)
    summed = np.pad(np.cumsum(energies, axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    sums = (summed[:, CELL_VALUES:] - summed[:, :-CELL_VALUES]).astype(np.float32)
    scores = standing_out(sums, CELL_VALUES, quiet(sums)).sum(axis=0, dtype=np.float64)
    return np.asarray(np.bincount(np.arange(scores.size) % CELL_VALUES, scores, minlength=CELL_VALUES), np.float64)


def usual(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Median over the rows of each column, of enough rows; ones if there are none. Shape (..., n_columns)."""
    rows = values.shape[-2]
    if not rows:
        return np.ones((*values.shape[:-2], values.shape[-1]))
    by_column = np.ascontiguousarray(np.swapaxes(values[..., :: max(1, rows // ENOUGH), :], -1, -2))
    middle = by_column.shape[-1] // 2
    by_column.partition(middle, axis=-1)
    return np.asarray(by_column[..., middle], np.float64)


def interpolated(summed: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of a cumulative sum at fractional places, shape (*at.shape, n_columns)."""
    whole = np.minimum(at.astype(np.int64), len(summed) - 2)
    steps = np.diff(summed, axis=0)
    rows = summed[whole]
    rows += steps[whole] * (at - whole)[..., None]
    return rows


MOST_DEVIATIONS: Final = 1e15
"""Of samples without any noise; their square is still a number."""


def standing_out(sums: NDArray[np.floating[Any]], values: float, level: NDArray[np.float64]) -> FloatArray:
    """Squared deviations from the usual level, less what noise explains; shape as the sums'.

    Parameters
    ----------
    values
        Independent values in each sum: their noise is one over the root of it.
    level
        As the sums, or to be broadcast to them.
    """
    scale = (np.sqrt(values) / np.maximum(level, 1e-30)).astype(np.float32)
    deviations = np.asarray(sums * scale, np.float32)
    deviations -= np.float32(np.sqrt(values))
    np.abs(deviations, out=deviations)
    deviations -= np.float32(NOISE_DEVIATIONS)
    np.clip(deviations, 0, MOST_DEVIATIONS, out=deviations)
    return np.square(deviations, out=deviations)


def quiet(sums: FloatArray) -> NDArray[np.float64]:
    """What each column of blocks' sums holds where nobody sends: its median, or one level for all of its phase.

    One level where any of the phase's columns is busy most of the time: a busy column's own level, and what it leaks into
    its neighbours', would make half a column stand out like a whole. Columns of one phase lie 90 apart.
    """
    by_column = np.ascontiguousarray(sums[:: max(1, len(sums) // ENOUGH)].T)
    least, middle = int(QUIETEST * by_column.shape[1]), by_column.shape[1] // 2
    by_column.partition((least, middle), axis=1)
    low = by_column[:, least] / np.float32(1 + NORMAL_QUANTILE / np.sqrt(CELL_VALUES))
    usually = by_column[:, middle]
    phase = np.arange(usually.size) % CELL_VALUES
    common = low_quantile(phased(np.minimum(low, usually)))[phase]
    busy = phased(np.where((usually > BUSY * low) | (usually > UNEVEN * common), 1.0, 0.0)) == 1.0
    return np.where(busy.any(axis=1)[phase], common, usually)


def phased(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """A value for each column, by the columns' phases; shape (90, n), ``NONE`` where a phase has no more columns."""
    most = -(-values.size // CELL_VALUES)
    padded = np.full(most * CELL_VALUES, NONE)
    padded[: values.size] = values
    return padded.reshape(most, CELL_VALUES).T


def low_quantile(by_phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quantile ``NEIGHBOURS`` of each phase's values, shape (90,)."""
    ordered = np.sort(by_phase, axis=1)
    place = NEIGHBOURS * (np.maximum(np.count_nonzero(ordered < NONE, axis=1), 1) - 1)
    whole = place.astype(np.int64)[:, None]
    lower = np.take_along_axis(ordered, whole, axis=1)[:, 0]
    upper = np.take_along_axis(ordered, np.minimum(whole + 1, ordered.shape[1] - 1), axis=1)[:, 0]
    return np.asarray(lower + (place - whole[:, 0]) * (upper - lower))
