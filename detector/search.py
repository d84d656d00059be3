"""The port between the pipeline and a technology's search.

A search is a pair of functions over a state that only it understands. ``begin`` makes the state at the start of a run;
``step`` reads one segment and gives the next state and what it found. A search keeps nothing elsewhere, so a run that is
replayed gives the same findings.
"""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from detector.profile import Profile
from detector.types import Finding, Segment, Tuning

__all__ = ["Context", "Search"]

State = TypeVar("State")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a search knows at the start of a run.

    Parameters
    ----------
    tuning
        Of every segment of the run.
    first
        Absolute index of the run's first sample.
    ranges
        Where this technology's uplinks lie in the received band: (lower, upper) edges as offsets from the centre [Hz],
        ascending, not overlapping. Empty when there are none; the whole band when the centre is not known.
    n_bins
        Bins of the power map; its steps are as long.
    lead
        How many old samples stand before a segment's new ones, at most.
    profile
        The thresholds.
    """

    tuning: Tuning
    first: int
    ranges: tuple[tuple[float, float], ...]
    n_bins: int
    lead: int
    profile: Profile


class Search(Protocol, Generic[State]):
    """One technology's search, such as the module :mod:`detector.gsm.search`."""

    def begin(self, context: Context) -> State:
        """State at the start of a run."""
        ...

    def step(self, state: State, segment: Segment) -> tuple[State, Finding]:
        """Read one segment: the next state, and what is new."""
        ...
