"""How urgent an alert is, and why in words and numbers. Pure.

From three things: how sure it is that an unpermitted phone is inside, what the phone does, and how often one was heard
from the same cell of late.
"""

from dataclasses import dataclass
from typing import Final

from api.alerts import DOING, Alert, Priority
from detector.types import Activity

__all__ = ["PriorityRules", "prioritised", "sureness"]

USE: Final = frozenset({Activity.CALL, Activity.CALL_DTX, Activity.DATA, Activity.SIGNALLING})
"""A phone that is used; the others ask for a connection, or check one."""

ORDINALS: Final = {1: "first", 2: "second", 3: "third"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityRules:
    """See the settings of the same names.

    Parameters
    ----------
    sure
        Below this probability an alert is of low priority, whatever else.
    repeats
        So many alerts of one cell, this one counted, make it more urgent.
    """

    sure: float
    repeats: int


def sureness(alert: Alert) -> float:
    """Probability that an unpermitted phone is inside."""
    if alert.location is not None and alert.location.is_told:
        return alert.score * max(0.0, 1 - alert.location.outside - alert.location.permitted)
    return alert.score if alert.wing is not None else 0.0


def prioritised(alert: Alert, *, earlier: int, rules: PriorityRules) -> tuple[Priority, str]:
    """An alert's priority, and why in one plain sentence.

    Parameters
    ----------
    earlier
        Other alerts of late from the cell in which its phone probably is.
    """
    sure = sureness(alert)
    told = f"{sure:.0%} sure that a phone is inside"
    if sure < rules.sure:
        return Priority.LOW, f"Low: only {told}."
    steps = 0 + (alert.activity in USE) + (alert.cell is not None and earlier + 1 >= rules.repeats)
    parts = [DOING[alert.activity], told]
    if alert.cell is not None and earlier:
        parts.append(f"{ordinal(earlier + 1)} alert of late from {alert.cell}")
    priority = (Priority.LOW, Priority.MEDIUM, Priority.HIGH)[steps]
    return priority, f"{priority.capitalize()}: {', '.join(parts)}."


def ordinal(number: int) -> str:
    """A place in a row, as a word where there is a short one."""
    if number in ORDINALS:
        return ORDINALS[number]
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
