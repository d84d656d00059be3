"""Offsets between sensors' clocks, learned from the phones that both heard.

Each emission that two sensors report at one time on one channel votes for the offsets that would make it one phone. The
offset that explains nearly all of what both heard at once, and more than any other, is the pair's. While sensors agree on
none, nothing is told of the pair, and nothing is compared.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Final

from detector.fusion import Report, same_channel
from detector.timing import FRAME_US, NEAR_US, Clock, Offsets, misfit_us

__all__ = ["agree", "learned_offsets"]

LEAST_REPORTS: Final = 2
"""So many emissions of either sensor must speak for an offset: one alone fits always."""

CLEAR_SHARE: Final = 0.75
"""So large a share of what either heard together with the other must speak for it."""


def learned_offsets(reports: Iterable[Report]) -> Offsets:
    """The offset of each pair of clocks for which one is clear.

    Parameters
    ----------
    reports
        Lately heard, in any order, each key once; those without slots say nothing.
    """
    by_clock: dict[Clock, list[Report]] = {}
    for report in sorted(reports, key=lambda report: report.key):
        if report.slots:
            by_clock.setdefault(report.clock, []).append(report)
    found: dict[tuple[Clock, Clock], float] = {}
    for a, b in combinations(sorted(by_clock), 2):
        offset_us = offset_of(by_clock[a], by_clock[b]) if a[0] != b[0] else None
        if offset_us is not None:
            found[a, b] = offset_us
    return found


def agree(before: Offsets, after: Offsets) -> bool:
    """Whether two states of knowledge part phones alike."""
    return before.keys() == after.keys() and all(
        abs(misfit_us(before[pair], after[pair])) <= NEAR_US / 4 for pair in before
    )


def offset_of(ours: Sequence[Report], theirs: Sequence[Report]) -> float | None:
    """By how much their clock is ahead of ours, modulo the frame [us]; None if that is not clear."""
    votes = [
        ((y.last_us - x.last_us) % FRAME_US, i, k)
        for i, a in enumerate(ours)
        for k, b in enumerate(theirs)
        if same_channel(a.band, b.band)
        for x in a.slots
        for y in b.slots
        if x.first_us <= y.last_us and y.first_us <= x.last_us
    ]
    if not votes:
        return None
    heard = len({i for _, i, _ in votes}), len({k for _, _, k in votes})
    ranked = sorted({supporters(vote, votes) for vote, _, _ in votes}, key=lambda found: (-found[0], found[1]))
    (count, offset_us), *others = ranked
    if count < max(LEAST_REPORTS, CLEAR_SHARE * max(heard)):
        return None
    rivals = (n for n, other in others if abs(misfit_us(offset_us, other)) > NEAR_US)
    return None if next(rivals, 0) >= count else offset_us


def supporters(centre_us: float, votes: Sequence[tuple[float, int, int]]) -> tuple[int, float]:
    """How many emissions of either sensor an offset explains, by the sensor of fewer, and the mean of their votes."""
    near = [(misfit, i, k) for vote, i, k in votes if abs(misfit := misfit_us(centre_us, vote)) <= NEAR_US]
    count = min(len({i for _, i, _ in near}), len({k for _, _, k in near}))
    return count, round((centre_us + sum(misfit for misfit, _, _ in near) / len(near)) % FRAME_US, 3)
