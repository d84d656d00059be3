"""Sounding reference signals: the last symbol of a subframe, every other subcarrier, many blocks wide.

Looked for on the lattice of a proven cell alone, where one symbol's energy on a map of slots would pass for a row of control
channels. Nothing here learns anything.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.lte.boxes import Box, gain
from detector.lte.pieces import Stretch
from detector.lte.reference import subcarriers, symbol_starts_s
from detector.lte.standard import BLOCK_SUBCARRIERS, CYCLIC_PREFIXES_S, SYMBOL_S
from detector.lte.thresholds import SoundingThresholds
from detector.types import Label

__all__ = ["LENGTH_S", "with_soundings"]

LENGTH_S: Final = CYCLIC_PREFIXES_S[-1] + SYMBOL_S

LEAST_BLOCKS: Final = 4
"""The narrowest sounding (TS 36.211, table 5.5.3.2-1)."""

MOST_SLOTS: Final = 64
"""Slots of a stretch that are looked into, at most."""


def with_soundings(
    stretch: Stretch,
    boxes: Sequence[Box],
    starts: NDArray[np.int64],
    lowers_hz: NDArray[np.float64],
    noise: float,
    levels: SoundingThresholds,
) -> list[Box]:
    """The same boxes, but where a slot's faint boxes are one sounding, that in their place.

    Parameters
    ----------
    starts
        Absolute first samples of the slots, shape (n_slots,).
    lowers_hz
        Lower edges of the blocks on the lattice, shape (n_blocks,).
    noise
        Power of noise in one block.
    """
    faint = sorted({box.slot + box.slots - 1 for box in boxes if box.level < levels.faint})[:MOST_SLOTS]
    found = list(soundings(stretch, np.array(faint, np.int64), starts, lowers_hz, noise, levels)) if faint else []
    return [box for box in boxes if not any(hides(sounding, box, levels.faint) for sounding in found)] + found


def hides(sounding: Box, box: Box, faint: float) -> bool:
    """Whether a faint box is part of a sounding."""
    inside = box.block <= sounding.block + sounding.blocks and sounding.block <= box.block + box.blocks
    return box.level < faint and box.slot + box.slots - 1 == sounding.slot and inside


def soundings(
    stretch: Stretch,
    slots: NDArray[np.int64],
    starts: NDArray[np.int64],
    lowers_hz: NDArray[np.float64],
    noise: float,
    levels: SoundingThresholds,
) -> Iterator[Box]:
    """Soundings in the last symbols of some slots."""
    rate = stretch.sample_rate_hz
    at = (starts[slots] - stretch.start)[:, None] / rate + symbol_starts_s()[-3:]
    bins = subcarriers(
        stretch,
        at,
        lowers_hz=np.full(len(at), lowers_hz[0]),
        count=lowers_hz.size * BLOCK_SUBCARRIERS,
        shifts_hz=np.zeros(1),
    )[:, :, 0]
    size = round(SYMBOL_S * rate)
    power = (bins.real**2 + bins.imag**2) / np.float32(size**2)
    per_subcarrier = power.reshape(len(slots), 3, lowers_hz.size, BLOCK_SUBCARRIERS) / (noise / BLOCK_SUBCARRIERS)
    for slot, power_of in zip(slots.tolist(), per_subcarrier, strict=True):
        yield from runs(slot, power_of[:2].mean(axis=(0, 2)), power_of[2], levels)


def runs(
    slot: int, before: NDArray[np.float32], last: NDArray[np.float32], levels: SoundingThresholds
) -> Iterator[Box]:
    """Runs of blocks that sound in one slot.

    Parameters
    ----------
    before
        Mean power over the noise of each block in the symbols before the last, shape (n_blocks,).
    last
        That of each subcarrier in the last symbol, shape (n_blocks, 12).
    """
    combs = np.stack((last[:, 0::2].mean(axis=1), last[:, 1::2].mean(axis=1)))
    level = combs.mean(axis=0)
    sounding = (level > levels.level) & (level > levels.level * before)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], sounding, [False])).astype(np.int8)))
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        sums = combs[:, begin:end].sum(axis=1)
        if end - begin >= LEAST_BLOCKS and sums.max() > levels.comb * sums.min():
            yield Box(
                label=Label.LTE_SRS,
                slot=slot,
                slots=1,
                block=begin,
                blocks=end - begin,
                level=float(level[begin:end].mean()),
                likelihood=float(gain(float(level[begin:end].mean())) * (end - begin) * BLOCK_SUBCARRIERS),
            )
