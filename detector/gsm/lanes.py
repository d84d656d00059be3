"""Which places deserve a closer look: columns of the frame in which bursts stand out, alone or folded.

A lane is a carrier and a cell of the frame. It is nominated by single bursts over the noise, or by what many frames hold
together: all of them (a call), four of 51 (signalling), eight of 104 (a call in silence). Energy alone nominates; it
never proves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.gsm.gate import CELLS
from detector.types import FloatArray

__all__ = ["Lane", "clean", "folded_lanes", "single_lanes"]

CLIP_SIGMA: Final = 6.0
"""A cell counts for no more than this in a fold, so that one strong burst or impulse is not a column."""

WIDE_RATIO: Final = 0.2
WIDE_CHANNELS: Final = 5
WIDE_SHARE: Final = 0.6
"""Energy on more carriers at once than this, all about as strong, is an impulse or a wideband signal."""

NEAR_CELLS: Final = 2
"""Lanes lie further apart than this; the correlator's reach covers what is nearer."""

PATTERNS: Final = ((1, 1), (51, 4), (104, 8))
"""Cycle in frames, and how many consecutive frames of it: TS 45.002, clauses 4.3 and 7; TS 45.008, 8.3."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lane:
    """A place to look at: carrier, cell, the frames in question, and the energy that nominated it."""

    channel: int
    cell: int
    frames: NDArray[np.int64]
    sigma: float


def clean(energy: FloatArray, leak: FloatArray, margin: float) -> FloatArray:
    """The same energies where they stand out of what other carriers leak, zero where they do not.

    Parameters
    ----------
    energy
        Shape (n_frames, CELLS, n_channels), in deviations of the noise.
    leak
        Shape (n_channels, n_channels), see :class:`detector.gsm.channels.Channels`.
    """
    loud = np.argwhere(energy > CLIP_SIGMA)
    if not loud.size:
        return energy
    out = energy.copy()
    frame, cell = np.unique(loud[:, :2], axis=0).T
    heard = energy[frame, cell]
    leaked = (heard[:, :, None] * leak).max(axis=1) * margin
    wide = (heard > WIDE_RATIO * heard.max(axis=1, keepdims=True)).sum(axis=1) > max(WIDE_CHANNELS, WIDE_SHARE * heard.shape[1])
    out[frame, cell] = np.where((heard > leaked) & ~wide[:, None], heard, np.minimum(heard, 0.0))
    return out


def single_lanes(energy: FloatArray, frames: range, threshold: float) -> Iterator[Lane]:
    """Lanes in which single bursts stand out, each carrier's strongest first.

    Parameters
    ----------
    energy
        Shape (len(frames), CELLS, n_channels), in deviations of the noise.
    """
    hits = energy > threshold
    for channel in np.flatnonzero(hits.any(axis=(0, 1))):
        column = np.where(hits[:, :, channel], np.minimum(energy[:, :, channel], 4 * CLIP_SIGMA), 0.0)
        weight = column.sum(axis=0)
        while weight.max() > 0:
            cell = int(weight.argmax())
            near = np.arange(cell - NEAR_CELLS, cell + NEAR_CELLS + 1) % CELLS
            at = np.flatnonzero(hits[:, [cell - 1, cell, (cell + 1) % CELLS], channel].any(axis=1))
            yield Lane(channel=int(channel), cell=cell, frames=frames.start + at, sigma=float(column.max()))
            weight[near] = 0.0


def folded_lanes(history: FloatArray, first: int, threshold: float) -> Iterator[Lane]:
    """The best lane of each pattern, if it stands out.

    Parameters
    ----------
    history
        Shape (n_frames, CELLS, n_channels), in deviations of the noise.
    first
        Number of the first of these frames.
    """
    n_frames = len(history)
    number = first + np.arange(n_frames)
    for cycle, run in PATTERNS:
        if n_frames < 2 * cycle:
            continue
        folded = np.zeros((cycle, *history.shape[1:]), np.float32)
        counts = np.zeros(cycle, np.float32)
        for begin in range(0, n_frames, cycle):
            part = history[begin : begin + cycle]
            folded[: len(part)] += np.clip(part, -CLIP_SIGMA, CLIP_SIGMA)
            counts[: len(part)] += 1
        if run > 1:
            folded = sum(np.roll(folded, -i, axis=0) for i in range(run))
            counts = sum(np.roll(counts, -i) for i in range(run))
        folded /= np.sqrt(counts)[:, None, None]
        folded -= np.quantile(folded, 0.4, axis=(0, 1))
        for _ in range(3):
            row, cell, channel = np.unravel_index(int(folded.argmax()), folded.shape)
            sigma = float(folded[row, cell, channel])
            if sigma < threshold:
                break
            inside = ((number - first - row) % cycle) < run
            yield Lane(channel=int(channel), cell=int(cell), frames=number[inside], sigma=sigma)
            folded[:, np.arange(cell - NEAR_CELLS, cell + NEAR_CELLS + 1) % CELLS, channel] = -np.inf
