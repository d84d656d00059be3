"""Intervals for counted shares and rates, exact whatever the numbers, and how they are said in words."""

from typing import TypeAlias

from scipy.stats import beta, chi2

from tests.prove.proof import Rate, Share

__all__ = ["Interval", "interval_of", "per_hour", "words"]

Interval: TypeAlias = tuple[float, float]


def interval_of(counted: Share | Rate, *, confidence: float) -> Interval:
    """Where the true share, or the true number of events an hour, lies with a confidence."""
    if isinstance(counted, Share):
        return share_interval(counted, tail=(1 - confidence) / 2)
    return rate_interval(counted, tail=(1 - confidence) / 2)


def share_interval(share: Share, *, tail: float) -> Interval:
    """Limits of a binomial share (Clopper and Pearson 1934), of dependent trials with their effective number (Korn and
    Graubard 1998).
    """
    worth = 1.0 if share.effective is None else share.effective / max(1, share.trials)
    hits, misses = share.hits * worth, (share.trials - share.hits) * worth
    low = float(beta.ppf(tail, hits, misses + 1)) if hits else 0.0
    high = float(beta.isf(tail, hits + 1, misses)) if misses else 1.0
    return low, high


def rate_interval(rate: Rate, *, tail: float) -> Interval:
    """Limits of a Poisson rate an hour (Garwood 1936)."""
    if not rate.hours:
        return 0.0, float("inf")
    low = float(chi2.ppf(tail, 2 * rate.events)) / 2 if rate.events else 0.0
    return low / rate.hours, float(chi2.isf(tail, 2 * rate.events + 2)) / 2 / rate.hours


def per_hour(rate: Rate) -> float:
    """Events an hour; not a number while nothing was heard."""
    return rate.events / rate.hours if rate.hours else float("nan")


def words(counted: Share | Rate) -> str:
    """What was counted and what follows from it; of a zero only what it stays below (the rule of three)."""
    low, high = interval_of(counted, confidence=0.95)
    if isinstance(counted, Share):
        head = f"{counted.hits} of {counted.trials}"
        if not counted.trials:
            return f"{head}: nothing tried"
        if not counted.hits:
            return f"{head}: below {min(1.0, 3 / counted.trials):.2g}"
        if counted.hits == counted.trials:
            return f"{head}: above {max(0.0, 1 - 3 / counted.trials):.4g}"
        return f"{head}: {counted.hits / counted.trials:.4g} ({low:.4g} to {high:.4g})"
    head = f"{counted.events} in {counted.hours:.3g} h"
    if not counted.hours:
        return f"{head}: nothing heard"
    if not counted.events:
        return f"{head}: below {3 / counted.hours:.2g} an hour"
    return f"{head}: {per_hour(counted):.3g} an hour ({low:.3g} to {high:.3g})"
