"""Base stations: carriers that never pause and carry training sequences. Where one is heard, nothing is an uplink.

A base station's beacon is sent at constant power in all slots (TS 45.008, clause 7.1), so the learned floor of its
carrier stands above the band's, and no energy stands out of it: it must be looked for on purpose.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from detector.gsm.channels import Channels
from detector.gsm.doubt import bursty
from detector.gsm.gate import CELLS
from detector.gsm.lanes import Lane
from detector.gsm.proof import Proof
from detector.gsm.thresholds import GsmThresholds
from detector.types import FloatArray

__all__ = ["beacon", "raised"]

QUIET_QUANTILE: Final = 0.1
FRAMES: Final = 8
MOST_CARRIERS: Final = 2
PLACES: Final = (0, 3, CELLS // 2, CELLS // 2 + 3)
"""The correlator's reach covers three cells, so that two lanes cover a slot of five; a beacon fills them all."""


def raised(floor: FloatArray, channels: Channels, thresholds: GsmThresholds) -> list[int]:
    """Carriers of which at least half the bins have a floor well above the band's quiet bins, the highest first."""
    inside = channels.weights > 0.5 * channels.weights.max(axis=0)
    levels = np.array([np.median(floor[column]) for column in inside.T])
    limit = 10 ** (thresholds.beacon_db / 10) * np.quantile(floor, QUIET_QUANTILE)
    order = np.argsort(-levels)[:MOST_CARRIERS]
    return [int(channel) for channel in order if levels[channel] > limit]


def beacon(
    channel: int,
    last_frame: int,
    *,
    prove: Callable[[Lane], Proof | None],
    contrast: Callable[[Lane], float],
    uneven: Callable[[Lane], bool],
    thresholds: GsmThresholds,
) -> bool:
    """Whether a carrier bears training sequences that do not stand out of their frames."""
    frames = np.arange(max(0, last_frame - FRAMES), last_frame)
    for cell in PLACES:
        lane = Lane(channel=channel, cell=cell, pattern=frames, frames=frames, sigma=0.0)
        proof = prove(lane)
        if proof is None or proof.log10_p > thresholds.continuous_log10_p:
            continue
        if not bursty(proof, contrast(lane), thresholds) and not uneven(lane):
            return True
    return False
