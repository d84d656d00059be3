"""Which technology a burst belongs to when two searches claim its energy: the one that explains more of the air.

A GSM burst is narrow and short, and what an LTE phone sends in one resource block, again and again in the same words,
can resemble a training sequence. Where an LTE phone is known and its own bursts cover those of a GSM emission, the
emission is the LTE phone's shadow. Pure: bursts in, shares out; no samples are looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from detector.types import Burst, Emission, Finding

__all__ = ["Covered", "Tally", "covered", "doubted", "outshone", "tallied", "with_more"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many bursts an emission had, and how many of them another technology's bursts cover."""

    bursts: int = 0
    covered: int = 0

    @property
    def share(self) -> float:
        """Share of the bursts that are covered."""
        return self.covered / max(1, self.bursts)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Covered:
    """Where the bursts of known phones of another technology lie: absolute samples and offsets from the centre [Hz].

    Parameters
    ----------
    boxes
        Shape (n, 4): start, stop, lower and upper edge.
    """

    boxes: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 4)))


def with_more(known: Covered, bursts: Sequence[Burst], *, since: int) -> Covered:
    """The same with more bursts, and without those that ended before a sample."""
    fresh = [(b.start, b.start + b.count, b.freq_lower_hz, b.freq_upper_hz) for b in bursts if not b.inferred]
    boxes = np.concatenate([known.boxes, np.array(fresh, np.float64).reshape(-1, 4)])
    return Covered(boxes=boxes[boxes[:, 1] >= since])


def covered(known: Covered, burst: Burst, cover: float) -> bool:
    """Whether other bursts cover at least this share of a burst's time on its middle frequency."""
    start, stop = burst.start, burst.start + burst.count
    middle = (burst.freq_lower_hz + burst.freq_upper_hz) / 2
    boxes = known.boxes
    here = boxes[(boxes[:, 2] <= middle) & (middle <= boxes[:, 3]) & (boxes[:, 0] < stop) & (boxes[:, 1] > start)]
    held = np.minimum(here[:, 1], stop) - np.maximum(here[:, 0], start)
    return bool(held.sum() >= cover * burst.count)


def tallied(tallies: Mapping[int, Tally], finding: Finding, known: Covered, cover: float) -> dict[int, Tally]:
    """The tallies of all emissions with what a finding adds."""
    out = dict(tallies)
    for burst in finding.bursts:
        if burst.emission is not None:
            before = out.get(burst.emission, Tally())
            out[burst.emission] = Tally(
                bursts=before.bursts + 1,
                covered=before.covered + (len(known.boxes) > 0 and covered(known, burst, cover)),
            )
    return out


def outshone(tally: Tally, limit: float) -> bool:
    """Whether so large a share of an emission is covered that it is another technology's."""
    return tally.bursts > 0 and tally.share >= limit


def doubted(finding: Finding, tallies: Mapping[int, Tally], limit: float) -> Finding:
    """A finding in which what is another technology's scores nothing, and its bursts are left out."""
    shadows = {key for key, tally in tallies.items() if outshone(tally, limit)}
    if not shadows:
        return finding
    return replace(
        finding,
        bursts=tuple(burst for burst in finding.bursts if burst.emission not in shadows),
        emissions=tuple(as_shadow(e, tallies[e.key]) if e.key in shadows else e for e in finding.emissions),
    )


def as_shadow(emission: Emission, tally: Tally) -> Emission:
    """An emission of which nothing is believed any more, and why."""
    parts = {**emission.parts, "covered": tally.share}
    return replace(emission, score=emission.score * (1 - tally.share), parts=parts)
