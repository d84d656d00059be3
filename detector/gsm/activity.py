"""What a phone seems to do, from the frames in which it was heard and nothing else.

Access bursts alone are an access. A traffic channel speaks in 25 of 26 frames; in silence in one of 26 and in eight
together of 104 (TS 45.008, 8.3). Signalling comes in blocks of four frames on a 51-frame cycle (TS 45.002, 4.3). What uses
several slots at once, or blocks of four on neither cycle, is packet data (TS 45.002, 7, 52-multiframe).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.gsm.thresholds import GsmThresholds
from detector.types import Activity

__all__ = ["activity_of", "cycle_share", "fill"]

SIGNALLING_CYCLE: Final = 102
SILENCE_CYCLE: Final = 104
LEAST_FRAMES: Final = 4


def fill(frames: NDArray[np.int64]) -> float:
    """Share of the frames between the first and the last that were heard."""
    return frames.size / (int(frames[-1]) - int(frames[0]) + 1) if frames.size else 0.0


def cycle_share(frames: NDArray[np.int64], cycle: int) -> float:
    """How regularly frames come again at the same places of a cycle: one if at each place in each cycle.

    Parameters
    ----------
    frames
        Shape (n,): distinct frame numbers, ascending.
    """
    if not frames.size:
        return 0.0
    cycles = max(1.0, (int(frames[-1]) - int(frames[0]) + 1) / cycle)
    return min(1.0, frames.size / (np.unique(frames % cycle).size * cycles))


def activity_of(frames: NDArray[np.int64], slots: int, thresholds: GsmThresholds) -> Activity:
    """Judge the frames with normal bursts of one phone.

    Parameters
    ----------
    frames
        Shape (n,): distinct numbers of the frames in which it was heard lately, ascending; empty when only access bursts
        were.
    slots
        How many slots of a frame it uses.
    """
    if not frames.size:
        return Activity.ACCESS
    if slots > 1:
        return Activity.DATA
    if frames.size < LEAST_FRAMES:
        return Activity.UNKNOWN
    if fill(frames) >= thresholds.call_fill:
        return Activity.CALL
    signalling, silence = cycle_share(frames, SIGNALLING_CYCLE), cycle_share(frames, SILENCE_CYCLE)
    if max(signalling, silence) < thresholds.cycle_share:
        short = int(frames[-1] - frames[0]) < 2 * SILENCE_CYCLE
        return Activity.SIGNALLING if short and fill(frames) < thresholds.block_fill else Activity.DATA
    return Activity.SIGNALLING if signalling >= silence else Activity.CALL_DTX
