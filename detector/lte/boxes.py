"""From energies on a lattice to boxes: which blocks of which slots one burst fills.

Each hypothesis, a run of blocks over a whole subframe or one block in one slot, is weighed by the likelihood ratio of its
unknown level against noise. Nothing here looks at samples or knows who sent a box.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.lte.lattice import CELL_VALUES
from detector.types import Label

__all__ = ["Box", "boxes_of", "gain", "parity"]

WIDTHS: Final = frozenset(
    2**a * 3**b * 5**c for a in range(7) for b in range(5) for c in range(3) if 2**a * 3**b * 5**c <= 100
)
"""Numbers of blocks that a shared channel may have (TS 36.211, 5.3.3)."""

LEAKS: Final = (0.05, 0.02, 0.01)
"""Share of a burst's level that may appear one, two and more blocks away from it."""

TIME_LEAK: Final = 0.06
"""Share of a burst's level that may appear in the same block of the slots before and after."""


UNEQUAL: Final = 0.4
"""Share of its mean excess by which the two slots of a shared channel may differ, beyond noise."""

UNEVEN: Final = 0.8
"""The same for each of its blocks."""

HOLLOW: Final = 0.15
"""Share of its mean excess that each block of a shared channel must have, less noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A burst on the lattice.

    Parameters
    ----------
    slot, slots
        Index of its first slot in the map, and how many it fills: 2 a subframe, 1 a control channel.
    block, blocks
        Index of its first block, and how many it fills.
    level
        Mean power over the floor.
    likelihood
        Logarithm of its likelihood over that of noise.
    """

    label: Label
    slot: int
    slots: int
    block: int
    blocks: int
    level: float
    likelihood: float


def gain(mean: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Log likelihood ratio of one exponential value's mean being as found and not one; nothing below one."""
    level = np.maximum(mean, 1.0)
    return np.asarray(level - 1 - np.log(level))


def parity(cells: NDArray[np.float64]) -> int:
    """Which slots begin a subframe, 0 or 1: the two slots of a shared channel are equally strong."""
    excess = np.clip(cells - 1, 0, None)
    pairs = np.minimum(excess[:-1], excess[1:]).sum(axis=1)
    return int(pairs[1::2].sum() > pairs[0::2].sum())


def boxes_of(cells: NDArray[np.float64], *, first: int, likelihood: float, most: int | None = None) -> Iterator[Box]:
    """Boxes of a map, in order of time.

    Parameters
    ----------
    cells
        Shape (n_slots, n_blocks), mean power over the floor.
    first
        Which slots begin a subframe, 0 or 1.
    likelihood
        Log likelihood ratio from which a box counts.
    most
        If given, only so many subframes are looked at, those with the strongest cell.
    """
    slots = np.arange(first, len(cells) - 1, 2)
    loudest = np.maximum(cells[slots].max(axis=1), cells[slots + 1].max(axis=1))
    worth = np.flatnonzero(gain(loudest) * CELL_VALUES * 2 * cells.shape[1] > likelihood)
    if most is not None:
        worth = np.sort(worth[np.argsort(-loudest[worth])[:most]])
    for slot in slots[worth].tolist():
        yield from subframe_boxes(cells[slot : slot + 2], slot, likelihood)


def subframe_boxes(pair: NDArray[np.float64], slot: int, likelihood: float) -> Iterator[Box]:
    """Boxes of one subframe, strongest first; each raises the noise for the next."""
    noise = np.ones(pair.shape)
    free = np.ones(pair.shape, bool)
    for _ in range(6):
        rest = np.where(free, pair / noise, 0.0)
        box = max((best_shared(rest, slot), best_control(rest, slot)), key=lambda b: b.likelihood)
        if box.likelihood < likelihood:
            return
        yield box
        silence(box, noise, free, slot)


def best_shared(pair: NDArray[np.float64], slot: int) -> Box:
    """The likeliest run of blocks over both slots."""
    reach, may = spans(pair.shape[1])
    width = np.maximum(reach, 1)
    both = pair.mean(axis=0)
    first, second = runs(pair[0]) / width, runs(pair[1]) / width
    mean = (first + second) / 2
    alike = np.abs(first - second) <= UNEQUAL * (mean - 1) + 3 * mean / np.sqrt(width * CELL_VALUES / 2)
    weakest = np.full(mean.shape, np.inf)
    np.minimum.accumulate(np.where(reach[:-1, 1:] > 0, both, np.inf), axis=1, out=weakest[:-1, 1:])
    filled = weakest * (1 + 3 / np.sqrt(2 * CELL_VALUES)) - 1 >= HOLLOW * (mean - 1)
    even = np.abs(pair[0] - pair[1]) <= UNEVEN * (both - 1) + 4 * both / np.sqrt(CELL_VALUES)
    whole = alike & filled & (runs(~even) == 0) & (weakest > 0) & may
    score = np.where(whole, 2 * CELL_VALUES * width * gain(mean), 0.0)
    begin, end = np.unravel_index(int(np.argmax(score)), score.shape)
    return Box(
        label=Label.LTE_PUSCH,
        slot=slot,
        slots=2,
        block=int(begin),
        blocks=int(end - begin),
        level=float(mean[begin, end]),
        likelihood=float(score[begin, end]),
    )


def best_control(pair: NDArray[np.float64], slot: int) -> Box:
    """The likeliest single block in one slot."""
    half, block = np.unravel_index(int(np.argmax(pair)), pair.shape)
    level = float(pair[half, block])
    return Box(
        label=Label.LTE_PUCCH,
        slot=slot + int(half),
        slots=1,
        block=int(block),
        blocks=1,
        level=level,
        likelihood=float(CELL_VALUES * gain(level)),
    )


@lru_cache(maxsize=8)
def spans(blocks: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Blocks from one edge to another, and whether a shared channel may have so many; shape (blocks + 1, blocks + 1)."""
    edges = np.arange(blocks + 1)
    reach = edges[None, :] - edges[:, None]
    return reach, np.isin(reach, sorted(WIDTHS))


def runs(values: NDArray[np.float64] | NDArray[np.bool_]) -> NDArray[np.float64]:
    """Sum of the values from one place up to another, shape (n + 1, n + 1)."""
    summed = np.concatenate(([0.0], np.cumsum(values)))
    return np.asarray(summed[None, :] - summed[:, None])


def silence(box: Box, noise: NDArray[np.float64], free: NDArray[np.bool_], slot: int) -> None:
    """Take a box's cells out of the search and raise the noise around it by what it may leak."""
    rows = slice(box.slot - slot, box.slot - slot + box.slots)
    free[rows, box.block : box.block + box.blocks] = False
    away = np.maximum(box.block - np.arange(noise.shape[1]), np.arange(noise.shape[1]) - box.block - box.blocks + 1)
    leak = np.choose(np.clip(away, 1, len(LEAKS)) - 1, LEAKS)
    noise[rows] += np.where(away > 0, leak * box.level, 0.0)
    if box.slots == 1:
        noise[1 - (box.slot - slot), box.block] += TIME_LEAK * box.level
