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
from scipy.special import log_ndtr

from detector.gsm.channels import Channels
from detector.gsm.gate import CELLS
from detector.gsm.thresholds import GsmThresholds
from detector.types import FloatArray

__all__ = ["Lane", "Place", "clean", "energy_log10_p", "folded_lanes", "single_lanes", "single_places"]

MOST_SIGMA: Final = 24.0
"""A single burst weighs no more than this in the order in which lanes are looked at."""

TIE_SHARE: Final = np.float32(1e-6)
"""Of lanes that weigh the same, the strongest comes first."""

NEAR_CELLS: Final = 2
"""Lanes lie further apart than this; the correlator's reach covers what is nearer."""

PATTERNS: Final = ((1, 1), (51, 4), (104, 8))
"""Cycle in frames, and how many consecutive frames of it: TS 45.002, clauses 4.3 and 7; TS 45.008, 8.3."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lane:
    """A place to look at.

    Parameters
    ----------
    channel, cell
        Its carrier and its cell of the frame.
    pattern
        Numbers of the frames that nominated it.
    frames
        Those of them that hold the most energy: where to look.
    sigma
        The energy that nominated it, in deviations of the noise.
    folded
        Whether that is the sum of many frames.
    """

    channel: int
    cell: int
    pattern: NDArray[np.int64]
    frames: NDArray[np.int64]
    sigma: float
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One cell of one frame: row among the frames at hand, cell, carrier, and its energy."""

    row: int
    cell: int
    channel: int
    sigma: float


def clean(energy: FloatArray, channels: Channels, thresholds: GsmThresholds) -> FloatArray:
    """The same energies where they stand out of what other carriers leak, zero where they do not, or where all is loud.

    Parameters
    ----------
    energy
        Shape (n_frames, CELLS, n_channels), in deviations of the noise.
    """
    loud = np.flatnonzero(energy > thresholds.clip_sigma)
    if not loud.size:
        return energy
    marked = np.zeros(energy.shape[:2], bool)
    marked.ravel()[loud // energy.shape[2]] = True
    frame, cell = np.nonzero(marked)
    out = energy.copy()
    heard = energy[frame, cell]
    leaked = np.zeros_like(heard)
    for channel, share in enumerate(np.minimum(channels.leak * np.float32(thresholds.leak_margin), 1)):
        np.maximum(leaked, heard[:, channel, None] * share, out=leaked)
    wide = wideband(heard, channels.carriers_hz, thresholds)
    out[frame, cell] = np.where((heard > leaked) & ~wide, heard, np.minimum(heard, 0.0))
    return out


def wideband(heard: FloatArray, carriers_hz: NDArray[np.float64], thresholds: GsmThresholds) -> NDArray[np.bool_]:
    """Which carriers lie in a stretch of the band that is loud all over, as no phone of this standard makes it, or at its edge.

    Parameters
    ----------
    heard
        Shape (n, n_channels): energies of some cells.
    """
    by_carrier = np.ascontiguousarray(heard.T)
    wide = np.zeros(by_carrier.shape, bool)
    spacing = np.diff(carriers_hz).min(initial=np.inf)
    count = 1 + round(thresholds.wide_hz / spacing)
    for first in range(len(carriers_hz) - count + 1):
        last = first + count - 1
        if carriers_hz[last] - carriers_hz[first] > thresholds.wide_hz + spacing / 2:
            continue
        stretch = by_carrier[first : last + 1]
        least = stretch.min(axis=0)
        even = least > thresholds.wide_ratio * stretch.max(axis=0)
        wide[first : last + 1] |= even
        for beside in {max(first - 1, 0), min(last + 1, len(carriers_hz) - 1)}:
            wide[beside] |= even & (by_carrier[beside] < least)
    return wide.T


def single_lanes(energy: FloatArray, frames: range, threshold: float) -> Iterator[Lane]:
    """Lanes in which single bursts stand out, the strongest first.

    Parameters
    ----------
    energy
        Shape (len(frames), CELLS, n_channels), in deviations of the noise.
    """
    hits = energy > threshold
    weight = np.where(hits, np.minimum(energy, MOST_SIGMA) + TIE_SHARE * energy, 0).sum(axis=0)
    while weight.max(initial=0.0) > 0:
        cell, channel = (int(at) for at in np.unravel_index(int(weight.argmax()), weight.shape))
        near = [cell - 1, cell, (cell + 1) % CELLS]
        at = np.flatnonzero(hits[:, near, channel].any(axis=1))
        at = frames.start + at
        yield Lane(channel=channel, cell=cell, pattern=at, frames=at, sigma=float(energy[:, cell, channel].max()))
        weight[np.arange(cell - NEAR_CELLS, cell + NEAR_CELLS + 1) % CELLS, channel] = 0


def single_places(energy: FloatArray, threshold: FloatArray | float, most: int) -> Iterator[Place]:
    """Cells that stand out alone, the strongest first.

    Parameters
    ----------
    energy
        Shape (n_frames, CELLS, n_channels), in deviations of the noise.
    threshold
        One for all carriers, or shape (n_channels,).
    """
    hits = np.flatnonzero(energy > threshold)
    sigma = energy.ravel()[hits]
    place, channel = np.divmod(hits, energy.shape[2])
    row, cell = np.divmod(place, CELLS)
    open_ = np.ones(sigma.size, bool)
    for at in np.argsort(-sigma):
        if most <= 0:
            return
        if open_[at]:
            open_ &= (channel != channel[at]) | (np.abs(place - place[at]) > NEAR_CELLS)
            most -= 1
            yield Place(row=int(row[at]), cell=int(cell[at]), channel=int(channel[at]), sigma=float(sigma[at]))


def folded_lanes(
    past: FloatArray,
    usual: FloatArray,
    first: int,
    *,
    threshold: float,
    least: float,
    per_pattern: int,
    most_frames: int,
) -> Iterator[Lane]:
    """The best lanes of each pattern that stand out.

    Parameters
    ----------
    past
        Shape (n_frames, CELLS, n_channels), in deviations of the noise, clipped.
    usual
        Shape (n_channels,): what a quiet cell holds on average.
    first
        Number of the first of these frames.
    threshold, least
        What the sum over a lane's frames must exceed, in deviations of its noise, and what their mean must, in those of one
        cell: many frames bring a lane to light whose bursts no sequence could prove.
    """
    for cycle, run in PATTERNS:
        if len(past) < 2 * cycle:
            continue
        folded, counts = folds(past, cycle, run)
        folded -= counts[:, None, None] * usual
        folded /= np.sqrt(counts)[:, None, None]
        for _ in range(per_pattern):
            row, cell, channel = np.unravel_index(int(folded.argmax()), folded.shape)
            sigma = float(folded[row, cell, channel])
            if sigma < max(threshold, least * float(np.sqrt(counts[row]))):
                break
            frames = np.flatnonzero((np.arange(len(past)) - row) % cycle < run)
            loudest = frames[np.sort(np.argsort(past[frames, cell, channel])[-most_frames:])]
            yield Lane(
                channel=int(channel),
                cell=int(cell),
                pattern=first + frames,
                frames=first + loudest,
                sigma=sigma,
                folded=True,
            )
            folded[:, np.arange(cell - NEAR_CELLS, cell + NEAR_CELLS + 1) % CELLS, channel] = -np.inf


def energy_log10_p(lane: Lane, n_channels: int) -> float:
    """Logarithm of the probability that noise brings a fold's energy in any of its places; 0 of single bursts' energy."""
    trials = CELLS * n_channels * sum(cycle for cycle, _ in PATTERNS)
    return min(0.0, float(log_ndtr(-lane.sigma) / np.log(10) + np.log10(trials))) if lane.folded else 0.0


def folds(past: FloatArray, cycle: int, run: int) -> tuple[FloatArray, FloatArray]:
    """Sums over the frames of each pattern's phase, shape (cycle, CELLS, n_channels), and how many frames they hold."""
    if cycle == 1:
        return past.sum(axis=0, keepdims=True), np.array([len(past)], np.float32)
    whole = len(past) // cycle * cycle
    folded = past[:whole].reshape(-1, cycle, *past.shape[1:]).sum(axis=0)
    folded[: len(past) - whole] += past[whole:]
    counts = np.full(cycle, whole // cycle, np.float32)
    counts[: len(past) - whole] += 1
    step = 1
    while step < run:
        folded = folded + np.roll(folded, -step, axis=0)
        counts = counts + np.roll(counts, -step)
        step *= 2
    return folded, counts
