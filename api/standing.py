"""The standing alarm of a busy wing: one thing to watch in place of very many alerts. Pure; the time is passed in.

It tells the wing's rate, whether that is more or fewer than usual, and the cells from which the phones probably speak. It
begins when the cap holds the first alert back, and ends when the rate has fallen to half of what may be announced.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from scipy.special import pdtr, pdtrc

from api.actors import Actor

__all__ = [
    "Busyness",
    "Comparison",
    "Standing",
    "Window",
    "acknowledged",
    "busyness_of",
    "compared",
    "is_over",
    "refreshed",
    "sentence",
]

UNLIKELY: Final = 0.01
"""A rate that comes by chance less often than this, given the usual one, is not as usual."""

TOP: Final = 10
"""Cells that are listed."""


class Comparison(StrEnum):
    """A rate against the usual one."""

    MORE = "more"
    FEWER = "fewer"
    USUAL = "as usual"
    UNKNOWN = "unknown"  # too little is recorded yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What was recorded of a wing.

    Parameters
    ----------
    alerts
        Alerts that began within the last ``window``.
    before, before_windows
        Alerts of the days before, and in how many such windows.
    cells
        Expected alerts of each cell within the last window.
    """

    alerts: int
    before: int
    before_windows: float
    cells: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Busyness:
    """How busy a wing is: alerts in the last window, the usual number, what that makes, and the likeliest cells."""

    alerts: int
    usual: float | None
    comparison: Comparison
    cells: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A wing's standing alarm.

    Parameters
    ----------
    wing
        None for what is outside.
    began_us, ended_us, told_us
        By the hub's clock; ``told_us`` is when it was told last.
    acknowledged_us, acknowledged_by
        None while nobody took it on.
    """

    id: int
    wing: str | None
    began_us: int
    ended_us: int | None
    told_us: int
    acknowledged_us: int | None
    acknowledged_by: Actor | None
    escalated_us: int | None
    busyness: Busyness

    def is_overdue(self, *, now_us: int, limit_us: int) -> bool:
        """Whether nobody took it on in time, and nobody was told of that yet."""
        waits = self.ended_us is None and self.acknowledged_us is None and self.escalated_us is None
        return waits and now_us - self.began_us >= limit_us


def compared(alerts: int, usual: float | None) -> Comparison:
    """A number of alerts against the usual one, by how likely it is by chance (Poisson)."""
    if usual is None:
        return Comparison.UNKNOWN
    if float(pdtrc(alerts - 1, usual)) < UNLIKELY and alerts > usual:
        return Comparison.MORE
    if float(pdtr(alerts, usual)) < UNLIKELY:
        return Comparison.FEWER
    return Comparison.USUAL


def busyness_of(window: Window, *, least_windows: float) -> Busyness:
    """How busy a wing is.

    Parameters
    ----------
    least_windows
        What was recorded over fewer windows is not called usual.
    """
    usual = window.before / window.before_windows if window.before_windows >= least_windows else None
    ranked = sorted(window.cells.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    return Busyness(
        alerts=window.alerts,
        usual=None if usual is None else round(usual, 2),
        comparison=compared(window.alerts, usual),
        cells={name: round(expected, 2) for name, expected in ranked},
    )


def is_over(window: Window, *, most: int) -> bool:
    """Whether a wing has become calm."""
    return window.alerts <= most // 2


def refreshed(standing: Standing, window: Window, *, most: int, least_windows: float, now_us: int) -> Standing:
    """A standing alarm as its wing is now."""
    return replace(
        standing,
        busyness=busyness_of(window, least_windows=least_windows),
        ended_us=now_us if is_over(window, most=most) else None,
    )


def sentence(standing: Standing, *, minutes: float) -> str:
    """A standing alarm in one plain sentence."""
    busy = standing.busyness
    told = f"{busy.alerts} alerts in {minutes:g} minutes"
    if busy.usual is not None:
        words = {Comparison.MORE: "more than usual", Comparison.FEWER: "fewer than usual"}
        told += f", {words.get(busy.comparison, 'as usual')} ({busy.usual:g})"
    if busy.cells:
        told += f"; likeliest {', '.join(list(busy.cells)[:3])}"
    return told + "."


def acknowledged(standing: Standing, actor: Actor, *, now_us: int) -> Standing:
    """A standing alarm that somebody took on; the same if somebody had."""
    if standing.acknowledged_us is not None:
        return standing
    return replace(standing, acknowledged_us=now_us, acknowledged_by=actor)
