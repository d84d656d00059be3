"""What the cells of the last frames held: all of it, and what no known burst explains.

Folds and new places are looked for in what is unexplained; how far something stands out of its frame is judged on all.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from detector.gsm.channels import Channels
from detector.gsm.gate import CELLS
from detector.gsm.lanes import CLIP_SIGMA, Lane
from detector.gsm.standard import SYMBOL_S
from detector.types import FloatArray

__all__ = ["Past", "contrast", "empty_past", "explained", "grown", "snr_of"]

QUIET_QUANTILE: Final = 0.1
"""Place among the cells of a frame of one in which no phone is near its full power."""

USUAL_QUANTILE: Final = 0.25
USUAL_PACE: Final = 0.25
"""Place among the cells of a frame of one in which nothing is sent, and how fast its mean is followed."""

BURST_CELLS: Final = 4
"""Cells to either side of a burst's own that hold nothing but it."""

EDGE_CELLS: Final = 6
EDGE_SHARE: Final = 0.5
"""Cells to either side in which a burst's edge is still felt, and with how much of its energy at most."""


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


def grown(past: Past, energy: FloatArray, cleaned: FloatArray, *, keep: int) -> Past:
    """The past with new frames, and no more than ``keep`` of them."""
    both = np.concatenate([past.energy, energy])[-keep:]
    clipped = np.clip(cleaned, -CLIP_SIGMA, CLIP_SIGMA)
    unexplained = np.concatenate([past.unexplained, clipped])[-keep:]
    fresh = past.usual if not len(clipped) else usual_of(clipped)
    usual = past.usual + np.float32(USUAL_PACE if len(past.energy) else 1.0) * (fresh - past.usual)
    return Past(
        first=past.stop + len(energy) - len(both),
        energy=both,
        unexplained=unexplained,
        usual=usual.astype(np.float32),
    )


def usual_of(energy: FloatArray) -> FloatArray:
    """What a quiet cell of some frames holds on average, shape (n_channels,): a low quantile, freed of its bias."""
    low = np.quantile(energy.mean(axis=0), USUAL_QUANTILE, axis=0)
    return np.asarray(low - ndtri(USUAL_QUANTILE) / np.sqrt(len(energy)), np.float32)


def explained(cells: FloatArray, first: int, past: Past, *, channel: int, cell: int, frames: NDArray[np.int64]) -> None:
    """Blank, in place, what bursts of some frames put into the cells about their own.

    Blanked cells hold what quiet ones hold. Cells a slot away may hold another phone: they are kept where they hold more
    than the burst's edge leaves there.

    Parameters
    ----------
    cells
        Shape (n_frames, CELLS, n_channels), owned by the caller.
    first
        Number of their first frame.
    past
        What was measured in these and earlier frames.
    """
    own = past.energy[np.clip(frames - past.first, 0, len(past.energy) - 1), cell % CELLS, channel]
    for at in range(cell - EDGE_CELLS, cell + EDGE_CELLS + 1):
        turned = frames + at // CELLS
        known = (turned >= first) & (turned < first + len(cells))
        if abs(at - cell) > BURST_CELLS:
            held = past.energy[np.clip(turned - past.first, 0, len(past.energy) - 1), at % CELLS, channel]
            known &= held < EDGE_SHARE * own
        cells[turned[known] - first, at % CELLS, channel] = past.usual[channel]


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
    unit = np.sqrt(channels.variance[lane.channel] / steps)
    cells = 1 + past.energy[lane.pattern - past.first, :, lane.channel].mean(axis=0) * unit
    quiet = max(float(np.quantile(cells, QUIET_QUANTILE)), 1e-3)
    return float((cells[lane.cell] / quiet - 1) / channels.gain[lane.channel])
