"""A receiver on its way through its windows, with a look at a reference carrier now and then.

Where it should be tuned, by what it has received so far: a pure function of the state, the time counted in samples, and
what was heard. A stay is counted from the first sample of use, so that what tuning truly takes shortens no stay.
"""

from dataclasses import dataclass, replace
from math import inf

from detector.scan.rhythm import Rhythm, State, advance, begin

__all__ = ["Reference", "Stop", "Tour", "arrived", "heard_at", "moved", "set_out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A visit of a carrier that is always on air.

    Parameters
    ----------
    centre_hz
        Where the receiver is tuned to see it.
    every_s
        How often. A visit waits for the end of a stay, so it comes late by the longest of these at most.
    dwell_s
        How long it is looked at.
    """

    centre_hz: float
    every_s: float
    dwell_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tour:
    """One receiver's part of the scan plan: the centres of its windows, their rhythm, and its reference carrier."""

    rhythm: Rhythm
    centres_hz: tuple[float, ...]
    reference: Reference | None = None

    def __post_init__(self) -> None:
        if self.rhythm.windows != len(self.centres_hz):
            raise ValueError(f"rhythm.windows={self.rhythm.windows} for {len(self.centres_hz)} windows")

    @property
    def still(self) -> bool:
        """Whether the receiver never leaves its window."""
        return self.rhythm.still and self.reference is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Where a receiver is, or where it is going.

    Parameters
    ----------
    moving
        It was told to tune and has not given a sample of use since.
    visited_s
        When the last visit of the reference carrier ended.
    leaves_s
        When the present visit ends; None outside of one.
    """

    state: State
    centre_hz: float
    moving: bool = True
    visiting: bool = False
    visited_s: float = -inf
    leaves_s: float | None = None


def set_out(tour: Tour) -> Stop:
    """The state of a receiver that was opened at its first window and has given nothing yet."""
    return Stop(state=begin(tour.rhythm), centre_hz=tour.centres_hz[0])


def arrived(tour: Tour, stop: Stop, now_s: float) -> Stop:
    """The state once the first sample of use was received where it was to be tuned."""
    if stop.visiting and tour.reference is not None:
        return replace(stop, moving=False, leaves_s=now_s + tour.reference.dwell_s)
    rhythm = tour.rhythm
    state = replace(stop.state, since_s=now_s - rhythm.settle_s, until_s=now_s + rhythm.dwell_s)
    return replace(stop, moving=False, state=state)


def moved(tour: Tour, stop: Stop, now_s: float, *, heard: bool = False) -> Stop:
    """The state at a time, no earlier than the last one; its centre is where the receiver belongs from now on.

    Parameters
    ----------
    heard
        Whether something that may be a phone was heard in the present window up to now.
    """
    if stop.moving:
        return stop
    if stop.leaves_s is not None:
        return stop if now_s < stop.leaves_s else back(tour, stop, now_s)
    state = advance(tour.rhythm, stop.state, now_s, heard=heard)
    leaves = now_s >= state.until_s if tour.rhythm.still else state.window != stop.state.window
    reference = tour.reference
    if leaves and reference is not None and now_s - stop.visited_s >= reference.every_s:
        return replace(stop, state=state, centre_hz=reference.centre_hz, moving=True, visiting=True)
    if state.window == stop.state.window:
        return replace(stop, state=state)
    return replace(stop, state=state, centre_hz=tour.centres_hz[state.window], moving=True)


def back(tour: Tour, stop: Stop, now_s: float) -> Stop:
    """From the reference carrier to the window that is next."""
    centre_hz = tour.centres_hz[stop.state.window]
    return replace(stop, centre_hz=centre_hz, moving=True, visiting=False, visited_s=now_s, leaves_s=None)


def heard_at(tour: Tour, stop: Stop, centre_hz: float, now_s: float) -> Stop:
    """The state once it is known, after it was left, that something was heard in a window."""
    if centre_hz not in tour.centres_hz:
        return stop
    window, heard_s = tour.centres_hz.index(centre_hz), stop.state.heard_s
    state = replace(stop.state, heard_s=(*heard_s[:window], now_s, *heard_s[window + 1 :]))
    return replace(stop, state=state)
