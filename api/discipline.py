"""Alarm discipline: which alerts are announced, and which are only recorded. Pure; the time is passed in.

After IEC 62682 and EEMUA 191: an alert may have to last before it is announced, is announced again if nobody takes it on,
and a wing that gives more alerts than a person can follow gives one standing alarm in place of further ones. The cap
counts each wing for itself, and in it only what is as urgent or more so: it never holds back the first alert of another
wing nor one of higher priority. What is not announced is recorded all the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from api.alerts import Alert, AlertState, Priority, Withheld

__all__ = ["Announced", "Discipline", "Ledger", "announce", "judged", "verdict"]

Announced: TypeAlias = tuple[int, Priority]
"""When an alert was announced, by the hub's clock, and its priority then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discipline:
    """Rules of announcing; see the settings of the same names.

    Parameters
    ----------
    most
        So many alerts of one wing are announced within ``window_us``.
    """

    on_delay_us: int
    realarm_us: int
    window_us: int
    most: int


@dataclass(slots=True, kw_only=True)
class Ledger:
    """What was announced of each wing within the window, which wings have a standing alarm, and what is shelved."""

    announced: dict[str | None, list[Announced]] = field(default_factory=dict)
    standing: set[str | None] = field(default_factory=set)
    shelved_wings: frozenset[str | None] = frozenset()
    shelved_sensors: frozenset[str] = frozenset()

    def shelves(self, alert: Alert) -> bool:
        """Whether an alert is of a shelved wing, or was heard by shelved sensors alone."""
        return alert.wing in self.shelved_wings or self.shelved_sensors.issuperset(alert.sensors)

    def is_full(self, alert: Alert, *, rules: Discipline, now_us: int) -> bool:
        """Whether as many alerts of the wing, as urgent or more so, were announced as may be."""
        recent = [p for at_us, p in self.announced.get(alert.wing, ()) if now_us - at_us < rules.window_us]
        return sum(priority.rank >= alert.priority.rank for priority in recent) >= rules.most


def verdict(alert: Alert, ledger: Ledger, *, rules: Discipline, now_us: int) -> Withheld | None:
    """Why an open alert that was not announced is to be held back now; None if it is to be announced."""
    if ledger.shelves(alert):
        return Withheld.SHELVED
    if 0 <= now_us - alert.opened_us < rules.on_delay_us:
        return Withheld.ON_DELAY
    if ledger.is_full(alert, rules=rules, now_us=now_us):
        return Withheld.STANDING
    return None


def judged(
    alerts: Iterable[Alert], ledger: Ledger, *, rules: Discipline, now_us: int
) -> tuple[list[Alert], Mapping[str | None, int]]:
    """Announce what is to be announced, the most urgent first; the ledger is kept up to date.

    Returns
    -------
    tuple
        The alerts that this changed, and how many of each wing were held back for want of room, for the first time.
    """
    changed: list[Alert] = []
    refused: dict[str | None, int] = {}
    for alert in sorted(alerts, key=urgency):
        if alert.state is not AlertState.OPEN or not is_due(alert, ledger, rules=rules, now_us=now_us):
            continue
        reason = verdict(alert, ledger, rules=rules, now_us=now_us)
        if reason is None:
            changed.append(announce(alert, now_us=now_us))
            ledger.announced.setdefault(alert.wing, []).append((now_us, alert.priority))
        elif alert.announced_us is None and reason is not alert.withheld:
            changed.append(replace(alert, withheld=reason))
            if reason is Withheld.STANDING:
                refused[alert.wing] = refused.get(alert.wing, 0) + 1
                ledger.standing.add(alert.wing)
    return changed, refused


def is_due(alert: Alert, ledger: Ledger, *, rules: Discipline, now_us: int) -> bool:
    """Whether there is anything to decide about an open alert.

    One that its wing's standing alarm stands for is left to it, unless there is room for its priority: announced were
    less urgent ones then. One that was announced is due again if its phone is still heard and nobody took it on.
    """
    if alert.announced_us is not None:
        waits = alert.active and alert.waiting_us is not None
        return waits and now_us - alert.announced_us >= rules.realarm_us
    if alert.withheld is Withheld.STANDING and alert.wing in ledger.standing:
        return has_precedence(alert, ledger.announced.get(alert.wing, ()), rules=rules, now_us=now_us)
    return True


def has_precedence(alert: Alert, announced: Sequence[Announced], *, rules: Discipline, now_us: int) -> bool:
    """Whether an alert is more urgent than something that was announced of its wing in its place."""
    return any(p.rank < alert.priority.rank for at_us, p in announced if now_us - at_us < rules.window_us)


def announce(alert: Alert, *, now_us: int) -> Alert:
    """The alert once people are told of it; from now on, or from the first time, it waits for one of them."""
    return replace(
        alert,
        announced_us=now_us,
        announcements=alert.announcements + 1,
        waiting_us=now_us if alert.waiting_us is None else alert.waiting_us,
        withheld=None,
    )


def urgency(alert: Alert) -> tuple[int, int, int]:
    """Orders alerts: the most urgent first, then the oldest."""
    return -alert.priority.rank, alert.opened_us, alert.id
