"""Adds up what trials counted, and holds the sums against the bounds of a claim.

A bound fails only where the counts exclude it (99.9 %), so that a quick look with few trials does not cry wolf; it holds
where they confirm it, and stays open between. "None" and "all" cannot be confirmed, only stay unbroken. That something never happens can only be unbroken.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, TypeAlias

from tests.prove.intervals import interval_of
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


def counted(outcome: Outcome) -> Share | Rate:
    """An outcome as something that can be added."""
    return Share(int(outcome), 1) if isinstance(outcome, bool) else outcome


def summed(outcomes: Iterable[Outcomes]) -> Sums:
    """The sums over many trials, by name.

    Raises
    ------
    TypeError
        If one trial counts as a share what another counts as a rate.
    """
    sums: Sums = {}
    for trial in outcomes:
        for name, outcome in trial.items():
            one = counted(outcome)
            before = sums.get(name, type(one)(0, 0))
            if not isinstance(before, type(one)):
                raise TypeError(f"{name}: counted as {type(before).__name__} and as {type(one).__name__}")
            sums[name] = before + one  # type: ignore[operator]
    return sums


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
    value = one.hits / max(1, one.trials) if isinstance(one, Share) else float(one.events)
    return value < bound.at_least or value > bound.at_most
