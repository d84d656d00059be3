"""What the GSM search carries from one segment to the next, as one frozen value."""

from dataclasses import dataclass, field
from typing import Final

from detector.gsm.emitter import Emitter
from detector.gsm.gate import CELLS, Energy, Gate
from detector.gsm.lanes import Lane
from detector.gsm.limits import Limited
from detector.gsm.past import Past
from detector.gsm.reel import Reel
from detector.gsm.tools import Tools
from detector.gsm.track import Track

__all__ = ["Failed", "GsmState"]

MANY_MORE: Final = 2
"""Times as many windows as failed before are worth another look."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A place of which so many windows proved nothing, and which is not looked at before a frame but with many more."""

    channel: int
    cell: int
    windows: int
    until: int

    def holds(self, lane: Lane) -> bool:
        """Whether a lane is this place, and says little more of it."""
        apart = abs(lane.cell - self.cell)
        here = lane.channel == self.channel and min(apart, CELLS - apart) <= 1
        return here and lane.frames.size < MANY_MORE * self.windows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GsmState:
    """What the GSM search carries from one segment to the next.

    Parameters
    ----------
    tools
        None where no uplink is heard.
    keys
        How many emitters there were.
    continuous
        Carriers that are left alone, and until which sample.
    failed
        Places that proved nothing lately.
    patience
        Places that may be looked at in the next segment, of single bursts and of folded ones; None for all that the
        thresholds allow.
    limited
        What was left out and not told of yet.
    offset_hz
        The receiver's frequency error, once a clear proof told it.
    next_check
        Frame at which base stations are looked for again.
    """

    tools: Tools | None
    gate: Gate
    past: Past
    reel: Reel = field(default_factory=Reel)
    energies: tuple[Energy, ...] = ()
    tracks: tuple[Track, ...] = ()
    emitters: tuple[Emitter, ...] = ()
    keys: int = 0
    continuous: tuple[tuple[int, int], ...] = ()
    failed: tuple[Failed, ...] = ()
    patience: int | None = None
    limited: Limited = field(default_factory=Limited)
    offset_hz: float | None = None
    next_check: int = 0
