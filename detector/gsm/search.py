"""The GSM search: segments in, bursts and emissions out."""

from dataclasses import dataclass

from detector.search import Context
from detector.types import Finding, Segment

__all__ = ["GsmState", "begin", "step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GsmState:
    """What the GSM search carries from one segment to the next."""

    context: Context


def begin(context: Context) -> GsmState:
    """State at the start of a run."""
    return GsmState(context=context)


def step(state: GsmState, segment: Segment) -> tuple[GsmState, Finding]:
    """Read one segment."""
    return state, Finding()
