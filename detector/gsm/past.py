"""What the cells of the last frames held: all of it, and what no known burst explains.

Folds and new places are looked for in what is unexplained; how far something stands out of its frame is judged on all.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtri

from detector.gsm.channels import Channels
from detector.gsm.gate import CELLS, Energy
from detector.gsm.lanes import Lane
from detector.gsm.standard import FRAME_S, NORMAL_BITS, SYMBOL_S
from detector.noise import middle
from detector.types import FloatArray

__all__ = ["Past", "contrast", "empty_past", "explained", "grown", "over_quiet", "pause", "snr_of", "unevenness"]

QUIET_QUANTILE: Final = 0.1
"""Place among the cells of a frame of one in which no phone is near its full power."""

PAUSE_QUANTILE: Final = 0.05
"""Place among a carrier's steps of one in which nobody speaks, however many slots are in use but one."""

PAUSE_ROUNDS: Final = 6

USUAL_QUANTILE: Final = 0.25
USUAL_PACE: Final = 0.25
"""Place among the cells of a frame of one in which nothing is sent, and how fast its mean is followed."""

CELLS_A_BIT: Final = SYMBOL_S / (FRAME_S / CELLS)

STEP_CELLS: Final = 0.93
"""A step of the power map at the rates in use: it smears a burst's edges by so much."""

SMEAR_CELLS: Final = STEP_CELLS / 4
"""The most energy that a step of which the burst fills a share u gives to the rest: u (1 - u) of the step's."""

COVERED: Final = 0.6
"""Share of a cell's burst from which the cell is blanked whatever it holds."""

LEAST_QUIET: Final = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Past:
    """Energy of the cells of the last frames, in deviations of the noise.

    Parameters
    ----------
    first
        Number of the first frame.
    energy
        Shape (n_frames, CELLS, n_channels), as measured.
    usual
        Shape (n_channels,): what a quiet cell holds on average.
    unexplained
        The energy, clipped, and ``usual`` where a known burst or another carrier's leakage explains it.
    """

    first: int
    energy: FloatArray
    unexplained: FloatArray
    usual: FloatArray

    @property
    def stop(self) -> int:
        """One past the last frame."""
        return self.first + len(self.energy)


def empty_past(n_channels: int) -> Past:
    """Nothing heard yet."""
    nothing = np.empty((0, CELLS, n_channels), np.float32)
    return Past(first=0, energy=nothing, unexplained=nothing, usual=np.zeros(n_channels, np.float32))


def grown(past: Past, energy: FloatArray, cleaned: FloatArray, *, keep: int, clip_sigma: float) -> Past:
    """The past with new frames, and no more than ``keep`` of them; no cell counts for more than ``clip_sigma`` where it is unexplained."""
    both = np.concatenate([past.energy, energy])[-keep:]
    clipped = np.clip(cleaned, -clip_sigma, clip_sigma)
    fresh = past.usual if not len(clipped) else usual_of(clipped)
    usual = (past.usual + np.float32(USUAL_PACE if len(past.energy) else 1.0) * (fresh - past.usual)).astype(np.float32)
    # What was cleaned away holds what is usual, or it would stand out where bursts have raised the learned floor.
    kept = clipped if cleaned is energy else np.where(cleaned == energy, clipped, np.minimum(clipped, usual))
    unexplained = np.concatenate([past.unexplained, kept])[-keep:]
    return Past(
        first=past.stop + len(energy) - len(both),
        energy=both,
        unexplained=unexplained,
        usual=usual,
    )


def usual_of(energy: FloatArray) -> FloatArray:
    """What a quiet cell of some frames holds on average, shape (n_channels,): a low quantile, freed of its bias."""
    low = np.quantile(energy.mean(axis=0), USUAL_QUANTILE, axis=0)
    return np.asarray(low - ndtri(USUAL_QUANTILE) / np.sqrt(len(energy)), np.float32)


def explained(
    cells: FloatArray,
    first: int,
    past: Past,
    *,
    channel: int,
    place: float,
    frames: NDArray[np.int64],
    n_bits: int,
    spill_margin: float,
) -> None:
    """Blank, in place, the cells that hold no more than what bursts of some frames put there.

    Blanked cells hold what quiet ones hold. A burst is felt as far as it and the power map's steps reach; a cell that
    overlaps it little and holds more is kept, for it may hold another phone.

    Parameters
    ----------
    cells
        Shape (n_frames, CELLS, n_channels), owned by the caller: energy over the length of some kind of burst.
    first
        Number of their first frame.
    past
        Energy of normal bursts in these and earlier frames.
    place
        Where in the frame the bursts begin, in cells.
    n_bits
        Length of the kind of burst that ``cells`` is about.
    spill_margin
        By how much what bursts leave beside their place may be more than computed.
    """
    length, burst = n_bits * CELLS_A_BIT, NORMAL_BITS * CELLS_A_BIT
    at = np.arange(int(np.ceil(place - length - STEP_CELLS)), int(place + burst + STEP_CELLS) + 1)
    overlap = np.minimum(at - place + length, burst) - np.maximum(at - place, 0.0)
    share = spill_margin * (np.maximum(overlap, 0.0) + SMEAR_CELLS) / np.sqrt(burst * length)
    row = frames[:, None] + at // CELLS - first
    column = np.broadcast_to(at % CELLS, row.shape)
    known = (row >= 0) & (row < len(cells))
    own = past.energy[np.clip(frames - past.first, 0, len(past.energy) - 1), round(place) % CELLS, channel]
    held = cells[np.clip(row, 0, len(cells) - 1), column, channel]
    blank = known & ((overlap > COVERED * length) | (held < own[:, None] * share))
    cells[row[blank], column[blank], channel] = past.usual[channel]


def over_quiet(cells: FloatArray, blank: float, unit: float) -> FloatArray:
    """Energies of one carrier over what its unexplained cells hold, where known bursts have raised the learned floor.

    Parameters
    ----------
    cells
        Shape (n_frames, CELLS), in deviations of the noise; those of known bursts hold ``blank``.
    unit
        The deviation, as a share of the floor.
    """
    left = cells[cells != np.float32(blank)]
    quiet = min(0.0, middle(left)) if left.size else 0.0
    return (cells - np.float32(quiet)) / np.float32(1 + quiet * unit)


def snr_of(
    sigma: FloatArray, channel: int, channels: Channels, *, n_bits: int, samples_a_step: int, rate_hz: float
) -> FloatArray:
    """Power over the noise in 200 kHz, linear, of bursts whose energy stands so many deviations out."""
    steps = n_bits * SYMBOL_S * rate_hz / samples_a_step
    return np.asarray(sigma * np.sqrt(channels.variance[channel] / steps) / channels.gain[channel], np.float32)


def contrast(past: Past, lane: Lane, channels: Channels, steps: float) -> float:
    """Energy of a lane over the quietest cells of its frames, as a burst's SNR: what a continuous carrier lacks.

    Parameters
    ----------
    steps
        Steps of the power map under a normal burst.
    """
    cells = rises(past, lane, channels, steps)
    mean = cells.mean(axis=0)
    quiet = max(min(quiet_by_cell(mean), quiet_by_frame(cells, channels, lane.channel, steps)), LEAST_QUIET)
    return float((mean[lane.cell] / quiet - 1) / channels.gain[lane.channel])


def unevenness(past: Past, lane: Lane, channels: Channels, steps: float) -> float:
    """Energy of the loudest cell of a lane's frames over their quietest, as a burst's SNR: small on a beacon."""
    mean = rises(past, lane, channels, steps).mean(axis=0)
    return float((mean.max() / max(quiet_by_cell(mean), LEAST_QUIET) - 1) / channels.gain[lane.channel])


def pause(energy: Energy, channel: int, channels: Channels) -> float:
    """Noise of a carrier over its learned floor, which the bursts of a busy carrier raise; at most one.

    A low quantile of the power map's steps, as a quantile of those in which nobody speaks: how many they are is told by how
    many lie below their median.
    """
    steps = 1 + np.diff(energy.sums[:, channel])
    if not steps.size:
        return 1.0
    shape = 1 / float(channels.variance[channel])
    low, middle = float(np.quantile(steps, PAUSE_QUANTILE)), float(gammaincinv(shape, 0.5)) / shape
    silent = 1.0
    for _ in range(PAUSE_ROUNDS):
        quiet = low * shape / float(gammaincinv(shape, PAUSE_QUANTILE / silent))
        silent = float(np.clip(2 * np.mean(steps < quiet * middle), 2 * PAUSE_QUANTILE, 1.0))
    return float(np.clip(quiet, LEAST_QUIET**2, 1.0))


def rises(past: Past, lane: Lane, channels: Channels, steps: float) -> FloatArray:
    """Energy of all cells of a lane's frames and carrier over the floor, shape (n_frames, CELLS)."""
    unit = np.sqrt(channels.variance[lane.channel] / np.float32(steps))
    return np.asarray(1 + past.energy[lane.pattern - past.first, :, lane.channel] * unit, np.float32)


def quiet_by_cell(mean: FloatArray) -> float:
    """What the quietest cells hold in all frames: the slots of nobody."""
    return float(np.quantile(mean, QUIET_QUANTILE))


def quiet_by_frame(cells: FloatArray, channels: Channels, channel: int, steps: float) -> float:
    """What each frame's own quietest cells hold, freed of the choice: the pauses of a crowded carrier."""
    choice = -ndtri(QUIET_QUANTILE) * np.sqrt(channels.variance[channel] / steps)
    return float(np.quantile(cells, QUIET_QUANTILE, axis=1).mean() + choice)
