"""From energies on a lattice to boxes: which blocks of which slots one burst fills.

Each hypothesis, a run of blocks over a whole subframe or one block in one slot, is weighed by the likelihood ratio of its
unknown level against noise. Nothing here looks at samples or knows who sent a box.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.lte.thresholds import BoxThresholds
from detector.lte.votes import CELL_VALUES
from detector.types import Label

__all__ = ["Box", "boxes_of", "gain", "parity"]

Cells: TypeAlias = NDArray[np.float64]

WIDTHS: Final = frozenset(
    2**a * 3**b * 5**c for a in range(7) for b in range(5) for c in range(3) if 2**a * 3**b * 5**c <= 100
)
"""Numbers of blocks that a shared channel may have (TS 36.211, 5.3.3)."""

LEAKS: Final = (0.05, 0.02, 0.01)
"""Share of a burst's level that may appear one, two and more blocks away from it."""

MOST_BOXES: Final = 6
"""Boxes in one subframe."""

TIME_LEAK: Final = 0.06
"""Share of a burst's level that may appear in the same block of the slots before and after."""


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


def gain(mean: Cells | float) -> Cells:
    """Log likelihood ratio of one exponential value's mean being as found and not one; nothing below one."""
    level = np.maximum(mean, 1.0)
    return np.asarray(level - 1 - np.log(level))


def parity(cells: Cells) -> int:
    """Which slots begin a subframe, 0 or 1: the two slots of a shared channel are equally strong."""
    excess = np.clip(cells - 1, 0, None)
    pairs = np.minimum(excess[:-1], excess[1:]).sum(axis=1)
    return int(pairs[1::2].sum() > pairs[0::2].sum())


def boxes_of(
    cells: Cells, shape: BoxThresholds, *, first: int, likelihood: float, most: int | None = None
) -> list[Box]:
    """Boxes of a map, in order of time, the strongest of each subframe first.

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
        worth = worth[np.argsort(-loudest[worth])[:most]]
    slots = slots[worth]
    subframes = Subframes.of(np.stack((cells[slots], cells[slots + 1]), axis=1))
    boxes: list[Box] = []
    for _ in range(MOST_BOXES if slots.size else 0):
        found, kept = strongest(subframes.rest(), slots, likelihood, shape)
        if not found:
            break
        boxes += found
        slots = slots[kept]
        subframes = subframes.without(kept, found, slots)
    return sorted(boxes, key=lambda box: (box.slot - first) // 2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subframes:
    """Subframes that may hold more boxes.

    Parameters
    ----------
    pairs
        Shape (n, 2, n_blocks): the cells of either slot.
    noise
        What is noise to the next box: one, and what the boxes before it leak; shape as the pairs'.
    free
        Which cells no box has taken.
    """

    pairs: Cells
    noise: Cells
    free: NDArray[np.bool_]

    @classmethod
    def of(cls, pairs: Cells) -> "Subframes":
        """Subframes that hold no box yet."""
        return cls(pairs=pairs, noise=np.ones(pairs.shape), free=np.ones(pairs.shape, bool))

    def rest(self) -> Cells:
        """What is not taken, over the noise; zero where it is."""
        return np.where(self.free, self.pairs / self.noise, 0.0)

    def without(self, kept: NDArray[np.bool_], boxes: Sequence[Box], slots: NDArray[np.int64]) -> "Subframes":
        """Those that are kept, each without the box that was found in it, with what that leaks as noise."""
        begin = np.array([box.block for box in boxes])[:, None]
        end = begin + np.array([box.blocks for box in boxes])[:, None]
        level = np.array([box.level for box in boxes])[:, None, None]
        half = np.array([box.slot for box in boxes]) - slots
        whole = np.array([box.slots == 2 for box in boxes])
        filled = (whole[:, None] | (half[:, None] == np.arange(2)))[:, :, None]
        column = np.arange(self.pairs.shape[2])
        away = np.clip(np.maximum(begin - column, column - end + 1), 0, len(LEAKS))[:, None, :]
        own = away == 0
        leaks = np.where(filled, np.array((0.0, *LEAKS))[away], np.where(own, TIME_LEAK, 0.0))
        return Subframes(
            pairs=self.pairs[kept], noise=self.noise[kept] + level * leaks, free=self.free[kept] & ~(filled & own)
        )


def strongest(
    rest: Cells, slots: NDArray[np.int64], likelihood: float, shape: BoxThresholds
) -> tuple[list[Box], NDArray[np.bool_]]:
    """The likeliest box of each subframe that has one, and which these are."""
    shared, control = best_shared(rest, shape), best_control(rest)
    likeliest = np.maximum(shared.likelihood, control.likelihood)
    kept = likeliest >= likelihood
    boxes = [
        shared.box(i, Label.LTE_PUSCH, slot, slots=2)
        if shared.likelihood[i] >= control.likelihood[i]
        else control.box(i, Label.LTE_PUCCH, slot, slots=1)
        for i, slot in zip(np.flatnonzero(kept).tolist(), slots[kept].tolist(), strict=True)
    ]
    return boxes, kept


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Best:
    """The likeliest box of one kind in each subframe, each field of shape (n,)."""

    half: NDArray[np.int64]
    block: NDArray[np.int64]
    blocks: NDArray[np.int64]
    level: NDArray[np.float64]
    likelihood: NDArray[np.float64]

    def box(self, i: int, label: Label, slot: int, *, slots: int) -> Box:
        """That of one subframe."""
        return Box(
            label=label,
            slot=slot + int(self.half[i]),
            slots=slots,
            block=int(self.block[i]),
            blocks=int(self.blocks[i]),
            level=float(self.level[i]),
            likelihood=float(self.likelihood[i]),
        )


def best_shared(pairs: Cells, shape: BoxThresholds) -> Best:
    """The likeliest run of blocks over both slots of each subframe."""
    n, _, most = pairs.shape
    both = pairs.mean(axis=1)
    uneven = np.abs(pairs[:, 0] - pairs[:, 1]) > shape.uneven * (both - 1) + 4 * both / np.sqrt(CELL_VALUES)
    fit = np.where(uneven, 0.0, both)
    summed = np.concatenate((np.zeros((n, 2, 1)), np.cumsum(pairs, axis=2)), axis=2)
    weakest = fit
    block, blocks = np.zeros(n, np.int64), np.zeros(n, np.int64)
    level, likelihood = np.zeros(n), np.zeros(n)
    for width in range(1, most + 1):
        if width > 1:
            weakest = np.minimum(weakest[:, :-1], fit[:, width - 1 :])
        if width not in WIDTHS:
            continue
        slots = (summed[:, :, width:] - summed[:, :, :-width]) / width
        mean, score = run_scores(slots, weakest, width, shape)
        place = np.argmax(score, axis=1)[:, None]
        better = np.flatnonzero(np.take_along_axis(score, place, axis=1)[:, 0] > likelihood)
        block[better], blocks[better] = place[better, 0], width
        level[better] = np.take_along_axis(mean, place, axis=1)[better, 0]
        likelihood[better] = np.take_along_axis(score, place, axis=1)[better, 0]
    return Best(half=np.zeros(n, np.int64), block=block, blocks=blocks, level=level, likelihood=likelihood)


def run_scores(slots: Cells, weakest: Cells, width: int, shape: BoxThresholds) -> tuple[Cells, Cells]:
    """Levels of all runs of one width and their log likelihood ratios, shape (n, n_places).

    Parameters
    ----------
    slots
        Mean of each run in either slot, shape (n, 2, n_places).
    weakest
        Mean of both slots in the weakest block of each run; zero if one is taken or uneven.
    """
    mean = (slots[:, 0] + slots[:, 1]) / 2
    alike = np.abs(slots[:, 0] - slots[:, 1]) <= shape.unequal * (mean - 1) + 3 * mean / np.sqrt(
        width * CELL_VALUES / 2
    )
    filled = weakest * (1 + 3 / np.sqrt(2 * CELL_VALUES)) - 1 >= shape.hollow * (mean - 1)
    whole = alike & filled & (weakest > 0)
    return mean, np.where(whole, 2 * CELL_VALUES * width * gain(mean), 0.0)


def best_control(pairs: Cells) -> Best:
    """The likeliest single block in one slot of each subframe."""
    n, _, most = pairs.shape
    flat = pairs.reshape(n, -1)
    place = np.argmax(flat, axis=1)
    level = np.take_along_axis(flat, place[:, None], axis=1)[:, 0]
    return Best(
        half=place // most,
        block=place % most,
        blocks=np.ones(n, np.int64),
        level=level,
        likelihood=CELL_VALUES * gain(level),
    )
