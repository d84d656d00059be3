"""The LTE search: segments in, bursts and emissions out."""

from dataclasses import dataclass

from detector.search import Context
from detector.types import Finding, Segment

__all__ = ["LteState", "begin", "step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LteState:
    """What the LTE search carries from one segment to the next."""

    context: Context


def begin(context: Context) -> LteState:
    """State at the start of a run."""
    return LteState(context=context)


def step(state: LteState, segment: Segment) -> tuple[LteState, Finding]:
    """Read one segment."""
    return state, Finding()
