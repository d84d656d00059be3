"""Adds up what trials counted, and holds the sums against the bounds of a claim.

A bound fails only where the counts exclude it (99.9 %), so that a quick look with few trials does not cry wolf; it holds
where they confirm it, and stays open between. "None" and "all" cannot be confirmed, only stay unbroken.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, TypeAlias

from tests.prove.intervals import interval_of, per_hour
from tests.prove.proof import Bound, Outcome, Outcomes, Rate, Share

__all__ = ["Sums", "Verdict", "judge", "speaks_against", "summed"]

CONFIDENCE: Final = 0.998
"""Of both sides; a bound has one."""

Sums: TypeAlias = dict[str, Share | Rate]


class Verdict(StrEnum):
    """What the counts say of a bound."""

    HOLDS = "holds"
    UNBROKEN = "unbroken"
    OPEN = "open"
    FAILS = "fails"


def summed(outcomes: Iterable[Outcomes]) -> Sums:
    """The sums over many trials, by name.

    Raises
    ------
    TypeError
        If one trial counts as a share what another counts as a rate.
    """
    counts: dict[str, list[Share | Rate]] = {}
    for trial in outcomes:
        for name, outcome in trial.items():
            counts.setdefault(name, []).append(counted(outcome))
    return {name: total(name, each) for name, each in counts.items()}


def counted(outcome: Outcome) -> Share | Rate:
    """An outcome as a share or a rate."""
    return Share(int(outcome), 1) if isinstance(outcome, bool) else outcome


def total(name: str, each: Sequence[Share | Rate]) -> Share | Rate:
    """All counts of one name together."""
    shares = [one for one in each if isinstance(one, Share)]
    rates = [one for one in each if isinstance(one, Rate)]
    if shares and rates:
        raise TypeError(f"{name}: counted as a share and as a rate")
    if rates:
        return Rate(sum(one.events for one in rates), sum(one.hours for one in rates))
    return pooled(shares)


def pooled(shares: Sequence[Share]) -> Share:
    """Shares as one; what was counted within one trial may share its fate, and then tells less (Korn and Graubard 1998)."""
    hits, trials = sum(one.hits for one in shares), sum(one.trials for one in shares)
    if trials == len(shares) or hits in {0, trials}:
        return Share(hits, trials)
    if len(shares) == 1:
        return Share(hits, trials, effective=1.0)
    mean = hits / trials
    scatter = sum((one.hits - mean * one.trials) ** 2 for one in shares) * len(shares) / (len(shares) - 1)
    effective = mean * (1 - mean) * trials**2 / scatter if scatter else float(trials)
    return Share(hits, trials, effective=min(float(trials), effective))


def judge(bound: Bound, sums: Sums) -> Verdict:
    """Whether the sums confirm a bound, exclude it, or leave it open, as what was never counted does."""
    if bound.about not in sums:
        return Verdict.OPEN
    low, high = interval_of(sums[bound.about], confidence=CONFIDENCE)
    if high < bound.at_least or low > bound.at_most:
        return Verdict.FAILS
    if bound.at_least == 1.0 or bound.at_most == 0.0:
        return Verdict.UNBROKEN
    return Verdict.HOLDS if low >= bound.at_least and high <= bound.at_most else Verdict.OPEN


def speaks_against(bound: Bound, outcomes: Outcomes) -> bool:
    """Whether one trial, taken alone, lies outside a bound: one to replay when the bound fails."""
    if bound.about not in outcomes:
        return False
    one = counted(outcomes[bound.about])
    value = one.hits / max(1, one.trials) if isinstance(one, Share) else per_hour(one)
    return value < bound.at_least or value > bound.at_most
