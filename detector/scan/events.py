"""When a phone sends within one use of it: the events whose interception the plan foretells.

Timing as seen on real phone stacks, in the frames of TS 45.002 (GSM) and TS 36.211 (LTE). What varies from time to time is
given as shares of the unit interval, so that a sum over a grid of them is a mean over all such events. What is sent in a
burst, and on which frequency, is not known here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.gsm.standard import ACCESS_BITS, FRAME_S, NORMAL_BITS, SYMBOL_S
from detector.lte.standard import SUBFRAME_S
from detector.types import Technology

__all__ = ["EVENTS", "Event", "Times"]

Times = NDArray[np.float64]
"""Ascending beginnings of transmissions, counted from that of the first [s]."""

GRANT_S: Final = (0.090, 0.315)
BLOCK_FRAMES: Final = 4  # TS 45.002, 4.7: a message of signalling takes four frames
SIGNALLING_FRAMES: Final = 102  # TS 45.002, 7, table 4: two blocks of SDCCH and one of SACCH in two 51-multiframes
BLOCKS_AT: Final = (0, 32, 51)
SPEECH_FRAMES: Final = 26  # TS 45.002, 7, table 1: all but one frame of a full-rate call
CALL_S: Final = 30.0
LTE_GRANT_S: Final = 0.011
LTE_REGISTRATION_S: Final = 0.25
LTE_REGISTRATION_SHARE: Final = 0.08
REPORT_S: Final = 0.040
PACKET_S: Final = 0.020
UPLOAD_SHARE: Final = 0.82


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One kind of use of a phone.

    Parameters
    ----------
    name
        For people.
    burst_s
        Length of one transmission.
    needed
        How many transmissions must be heard in one stay, each as a whole, to know it for a phone's at moderate strength.
    starts
        The beginnings of its transmissions, by two shares in [0, 1) of what varies: the pause and the length.
    """

    name: str
    technology: Technology
    burst_s: float
    needed: int
    starts: Callable[[float, float], Times]


def between(limits: tuple[float, float], share: float) -> float:
    """A share of the way from one limit to the other."""
    low, high = limits
    return low + share * (high - low)


def alone(_pause: float, _length: float) -> Times:
    """A single transmission."""
    return np.zeros(1)


def signalling(first_s: float, length_s: float) -> Times:
    """Blocks of a signalling channel of GSM for a while."""
    cycles = ceil(length_s / (SIGNALLING_FRAMES * FRAME_S))
    blocks = np.add.outer(SIGNALLING_FRAMES * np.arange(cycles), BLOCKS_AT)
    frames = np.add.outer(blocks, np.arange(BLOCK_FRAMES)).ravel()
    times = first_s + np.sort(frames) * FRAME_S
    return np.asarray(times[times < first_s + length_s], float)


def dedicated(lengths_s: tuple[float, float]) -> Callable[[float, float], Times]:
    """An access burst, a pause for the grant, and a signalling channel for a time between two limits."""

    def starts(pause: float, length: float) -> Times:
        return np.concatenate((np.zeros(1), signalling(between(GRANT_S, pause), between(lengths_s, length))))

    return starts


def gsm_call(pause: float, length: float) -> Times:
    """Access, a set-up of 1.2 to 2.2 s, then 25 of 26 frames."""
    set_up = dedicated((1.2, 2.2))(pause, length)
    frames = np.arange(int(CALL_S / FRAME_S))
    speech = frames[frames % SPEECH_FRAMES != SPEECH_FRAMES - 1] * FRAME_S
    return np.concatenate((set_up, set_up[-1] + FRAME_S + speech))


def lte_registration(pause: float, _length: float) -> Times:
    """A preamble, the first grant, and isolated subframes for a quarter of a second."""
    every_s = SUBFRAME_S / LTE_REGISTRATION_SHARE
    rest = np.arange(LTE_GRANT_S + every_s * (0.5 + pause), LTE_REGISTRATION_S, every_s)
    return np.concatenate(([0.0, LTE_GRANT_S], rest))


def every(period_s: float, lengths_s: tuple[float, float]) -> Callable[[float, float], Times]:
    """A transmission each period for a time between two limits."""

    def starts(_pause: float, length: float) -> Times:
        return np.asarray(np.arange(0.0, between(lengths_s, length), period_s))

    return starts


def lte_voice(_pause: float, _length: float) -> Times:
    """A request and two grants, 8 ms apart, in each packet of 20 ms."""
    packets = np.arange(0.0, CALL_S, PACKET_S)
    return np.asarray(np.add.outer(packets, SUBFRAME_S * np.array([0, 8, 16])).ravel())


def gsm(name: str, *, needed: int, starts: Callable[[float, float], Times], bits: int = NORMAL_BITS) -> Event:
    """An event of GSM."""
    return Event(name=name, technology=Technology.GSM, burst_s=bits * SYMBOL_S, needed=needed, starts=starts)


def lte(name: str, *, needed: int, starts: Callable[[float, float], Times]) -> Event:
    """An event of LTE."""
    return Event(name=name, technology=Technology.LTE, burst_s=SUBFRAME_S, needed=needed, starts=starts)


EVENTS: Final[Mapping[str, Event]] = {
    event.name: event
    for event in (
        gsm("access burst", needed=1, starts=alone, bits=ACCESS_BITS),
        gsm("registration", needed=BLOCK_FRAMES, starts=dedicated((3.0, 5.0))),
        gsm("text", needed=BLOCK_FRAMES, starts=dedicated((3.6, 5.2))),
        gsm("call", needed=20, starts=gsm_call),
        lte("LTE registration", needed=3, starts=lte_registration),
        lte("connected, idle", needed=8, starts=every(REPORT_S, (5.0, 12.0))),
        lte("LTE call", needed=8, starts=lte_voice),
        lte("bulk data", needed=8, starts=every(SUBFRAME_S / UPLOAD_SHARE, (3.0, 8.0))),
    )
}
