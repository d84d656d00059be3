"""What a phone seems to do, from the frames in which it was heard and nothing else.

Access bursts alone are an access. A full-rate channel speaks in 25 of 26 frames, a half-rate one in 13; in silence either
speaks in one of 26 and in eight together of 104 (TS 45.008, 8.3). Signalling comes in blocks of four frames on a 51-frame
cycle (TS 45.002, 4.3). Packet data comes in blocks of four as well, three of them and a pause in thirteen frames
(TS 45.002, 7, 52-multiframe), or in several slots at once. Frames that were missed blur all of this: what is on no
cycle, has no pause and is heard often is a call.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.gsm.thresholds import GsmThresholds
from detector.types import Activity

__all__ = ["activity_of", "cycle_share", "fill", "shared_slots"]

SIGNALLING_CYCLE: Final = 102
SILENCE_CYCLE: Final = 104
CYCLE_PLACES: Final = 12
"""Frames of a phone in either cycle: two blocks and a control block; a description of noise and four control frames."""

SPEECH_CYCLE: Final = 26
HALF_RATE_PLACES: Final = 13
PACKET_CYCLE: Final = 13
BLOCK: Final = 4
LEAST_FRAMES: Final = 4
NOISE_FRAMES: Final = 8
"""Frames together that describe the noise of a silence."""

Frames = NDArray[np.int64]


def fill(frames: Frames) -> float:
    """Share of the frames between the first and the last that were heard."""
    return frames.size / (int(frames[-1]) - int(frames[0]) + 1) if frames.size else 0.0


def cycle_share(frames: Frames, cycle: int) -> float:
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


def activity_of(frames: Frames, slots: int, thresholds: GsmThresholds) -> Activity:
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
        return Activity.DATA if packets(frames, thresholds) else Activity.CALL
    cyclic = cyclic_activity(frames, thresholds)
    return cyclic if cyclic is not None else busy_activity(frames, thresholds)


def cyclic_activity(frames: Frames, thresholds: GsmThresholds) -> Activity | None:
    """What comes again on a cycle of its own, with long holes: signalling, or the silence of a call."""
    if fills(frames).max() > thresholds.block_fill:
        return None
    if int(frames[-1] - frames[0]) < 2 * SILENCE_CYCLE:
        silent = np.unique(frames % SPEECH_CYCLE).size == 1 or most_together(frames) >= thresholds.noise_frames
        return Activity.CALL_DTX if silent else Activity.SIGNALLING
    signalling, silence = (regular(frames, cycle, thresholds) for cycle in (SIGNALLING_CYCLE, SILENCE_CYCLE))
    if not max(signalling, silence):
        return None
    return Activity.SIGNALLING if signalling >= silence else Activity.CALL_DTX


def busy_activity(frames: Frames, thresholds: GsmThresholds) -> Activity:
    """What is on no cycle of its own: packet data, or a call of which some frames were not sent or not heard."""
    if half_rate(frames):
        return Activity.CALL
    if packets(frames, thresholds):
        return Activity.DATA
    heard = fills(frames)
    if heard.max() < thresholds.block_fill:
        return Activity.DATA
    return (
        Activity.CALL_DTX
        if heard.max() >= thresholds.call_fill and heard.min() <= thresholds.block_fill
        else Activity.CALL
    )


def regular(frames: Frames, cycle: int, thresholds: GsmThresholds) -> float:
    """The share of :func:`cycle_share` if it suffices and the places are few, or zero."""
    few = np.unique(frames % cycle).size <= CYCLE_PLACES + thresholds.stray_frames
    share = cycle_share(frames, cycle)
    return share if few and share >= thresholds.cycle_share else 0.0


def half_rate(frames: Frames) -> bool:
    """Whether frames are those of a half-rate call: every second one, in turn (TS 45.002, 7, table 1)."""
    places = np.unique(frames % SPEECH_CYCLE).size
    return frames.size >= 2 * SPEECH_CYCLE and NOISE_FRAMES + 1 < places <= HALF_RATE_PLACES + 1


def packets(frames: Frames, thresholds: GsmThresholds) -> bool:
    """Whether frames come in blocks of four, three of them and a pause in thirteen."""
    places = np.bincount(frames % PACKET_CYCLE, minlength=PACKET_CYCLE)
    pause = int(places.argmin())
    usual = (frames.size - places[pause]) / (PACKET_CYCLE - 1)
    if frames.size < 2 * PACKET_CYCLE or places[pause] > thresholds.pause_share * usual:
        return False
    place = (frames - pause - 1) % PACKET_CYCLE
    block = (frames - pause - 1) // PACKET_CYCLE * BLOCK + place // BLOCK
    held = np.unique(block[place < PACKET_CYCLE - 1], return_counts=True)[1]
    return bool(held[held >= BLOCK - 1].sum() >= thresholds.whole_blocks * frames.size)


def shared_slots(frames: Frames, watched: int, thresholds: GsmThresholds) -> bool:
    """Whether two slots that both hold these frames are one phone's: calls do so too, if both speak or both are silent.

    Parameters
    ----------
    watched
        Of how many frames these are those that were heard.
    """
    if frames.size >= 2 * PACKET_CYCLE:
        return packets(frames, thresholds)
    if frames.size >= thresholds.call_fill * watched:
        return False
    return cyclic_activity(frames, thresholds) is not Activity.CALL_DTX


def fills(frames: Frames) -> NDArray[np.float64]:
    """Share that was heard of every 26 frames on end, or of all where they are fewer."""
    heard = np.zeros(int(frames[-1] - frames[0]) + 1)
    heard[frames - frames[0]] = 1
    length = min(SPEECH_CYCLE, heard.size)
    return np.convolve(heard, np.full(length, 1 / length), "valid")


def most_together(frames: Frames) -> int:
    """The most frames that were heard of eight on end."""
    return int((np.searchsorted(frames, frames + NOISE_FRAMES) - np.arange(frames.size)).max())
