"""What the bounded search left out, added up and told once a second: a busy band must not look like a quiet one."""

from dataclasses import dataclass
from typing import Final

from detector.types import Event, EventKind, Segment

__all__ = ["Limited", "left_out"]

TELL_S: Final = 1.0
"""How often it is told at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """Places that were left out and not told of yet, and the sample from which on."""

    since: int = 0
    places: int = 0


def left_out(known: Limited, skipped: int, segment: Segment) -> tuple[Limited, tuple[Event, ...]]:
    """Add what one segment left out; tells it once a second and at the run's end.

    Parameters
    ----------
    skipped
        Places of this segment that stood out and were not looked at, at least.
    """
    limited = Limited(since=known.since if known.places else segment.own_start, places=known.places + skipped)
    due = segment.final or segment.own_stop - limited.since >= TELL_S * segment.tuning.sample_rate_hz
    if not limited.places or not due:
        return limited, ()
    detail = f"the GSM search left out {limited.places} places that stood out: too many for its bounds"
    return Limited(), (Event(kind=EventKind.LIMITED, start=limited.since, stop=segment.own_stop, detail=detail),)
