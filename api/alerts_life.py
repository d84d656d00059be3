"""The life of an alert: which act leads from which state to which, and who did it. Pure; the time is passed in.

An alert waits (open), somebody has taken it on (acknowledged), somebody is on the way (search sent), it is over with an
outcome (closed). Each act is a transition: a record that is only ever added to. What evidence does to an alert is
another module's business, :mod:`api.alerts`; only a merge, which ends an alert, is recorded here as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from api.actors import HUB, Actor
from api.alerts import Alert, AlertState, Outcome, merged

__all__ = ["TABLE", "Act", "ActError", "Deed", "Transition", "act_on", "already_done", "bury", "escalate", "is_overdue"]


class ActError(ValueError):
    """An act that the alert's state does not allow, or that says too little or too much."""


class Act(StrEnum):
    """What can be done to an alert."""

    ACKNOWLEDGE = "acknowledge"
    SEARCH = "search"
    CLOSE = "close"
    REOPEN = "reopen"
    ESCALATE = "escalate"
    MERGE = "merge"


TABLE: Final[Mapping[tuple[AlertState, Act], AlertState]] = MappingProxyType(
    {
        (AlertState.OPEN, Act.ACKNOWLEDGE): AlertState.ACKNOWLEDGED,
        (AlertState.OPEN, Act.SEARCH): AlertState.SEARCH_SENT,
        (AlertState.OPEN, Act.CLOSE): AlertState.CLOSED,
        (AlertState.OPEN, Act.ESCALATE): AlertState.OPEN,
        (AlertState.OPEN, Act.MERGE): AlertState.CLOSED,
        (AlertState.ACKNOWLEDGED, Act.SEARCH): AlertState.SEARCH_SENT,
        (AlertState.ACKNOWLEDGED, Act.CLOSE): AlertState.CLOSED,
        (AlertState.SEARCH_SENT, Act.CLOSE): AlertState.CLOSED,
        (AlertState.CLOSED, Act.REOPEN): AlertState.OPEN,
    }
)
"""Everything that may happen; what is not here may not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody wants done.

    Parameters
    ----------
    version
        Of the alert as the actor saw it.
    outcome
        How it ended; with :attr:`Act.CLOSE` alone, and there always.
    cell
        Where the phone was found, if it was and somebody says so.

    Raises
    ------
    ActError
        If the outcome does not fit the act, or the cell the outcome.
    """

    act: Act
    version: int
    actor: Actor
    note: str = ""
    outcome: Outcome | None = None
    cell: str | None = None

    def __post_init__(self) -> None:
        if (self.act is Act.CLOSE) != (self.outcome is not None):
            raise ActError("outcome: an alert is closed with an outcome, and nothing else has one")
        if self.cell is not None and self.outcome is not Outcome.FOUND:
            raise ActError("cell: only a phone that was found was found in a cell")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """Something that was done to an alert; ``version`` is the alert's after it."""

    alert: int
    version: int
    act: Act
    before: AlertState
    after: AlertState
    at_us: int
    actor: Actor
    note: str = ""
    outcome: Outcome | None = None
    cell: str | None = None


def act_on(alert: Alert, deed: Deed, *, now_us: int) -> tuple[Alert, Transition]:
    """The alert after a deed, and the record of it.

    Raises
    ------
    ActError
        If the alert's state does not allow it, or the alert was merged into another one.
    """
    if alert.merged_into is not None:
        raise ActError(f"alert {alert.id} was merged into alert {alert.merged_into}")
    after = TABLE.get((alert.state, deed.act))
    if after is None:
        raise ActError(f"alert {alert.id} is {alert.state}; it does not take {deed.act}")
    changed = replace(
        alert,
        state=after,
        version=alert.version + 1,
        outcome=deed.outcome,
        active=alert.active and after is not AlertState.CLOSED,
        waiting_us=now_us if after is AlertState.OPEN else None,
        escalated_us=None if after is AlertState.OPEN else alert.escalated_us,
    )
    return changed, recorded(alert, changed, deed, now_us=now_us)


def escalate(alert: Alert, *, now_us: int) -> tuple[Alert, Transition]:
    """The alert once nobody took it on in time; its version stays, so that whoever takes it on now is not refused."""
    changed = replace(alert, escalated_us=now_us)
    deed = Deed(act=Act.ESCALATE, version=alert.version, actor=HUB, note="nobody acknowledged it in time")
    return changed, recorded(alert, changed, deed, now_us=now_us)


def bury(alert: Alert, *, into: int, now_us: int) -> tuple[Alert, Transition]:
    """The alert after all of its evidence went to another one."""
    changed = merged(alert, into=into)
    deed = Deed(act=Act.MERGE, version=alert.version, actor=HUB, note=f"one phone with alert {into}")
    return changed, recorded(alert, changed, deed, now_us=now_us)


def recorded(before: Alert, after: Alert, deed: Deed, *, now_us: int) -> Transition:
    """The record of a deed."""
    return Transition(
        alert=before.id,
        version=after.version,
        act=deed.act,
        before=before.state,
        after=after.state,
        at_us=now_us,
        actor=deed.actor,
        note=deed.note,
        outcome=deed.outcome,
        cell=deed.cell,
    )


def already_done(deed: Deed, transition: Transition) -> bool:
    """Whether a transition is the same deed, sent before."""
    same = ("act", "note", "outcome", "cell")
    who = (deed.actor.name, deed.actor.kind) == (transition.actor.name, transition.actor.kind)
    return (
        who and transition.version == deed.version + 1 and all(getattr(deed, n) == getattr(transition, n) for n in same)
    )


def is_overdue(alert: Alert, *, now_us: int, limit_us: int) -> bool:
    """Whether an alert has waited for a person for longer than it may, and nobody was told of that yet."""
    waits = alert.state is AlertState.OPEN and alert.waiting_us is not None and alert.escalated_us is None
    return waits and now_us - (alert.waiting_us or 0) >= limit_us
