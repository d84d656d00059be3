"""Announcing in the hub: judges alerts in the caller's transaction, and keeps standing alarms and shelves up to date.

What is decided is in the pure modules :mod:`api.discipline`, :mod:`api.priority`, :mod:`api.standing` and
:mod:`api.shelving`; this one fetches what they need and stores what they say.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from api import notifying, telling
from api.alerts import Alert, AlertState
from api.audience import Audience
from api.discipline import Discipline, Ledger, judged
from api.priority import PriorityRules, prioritised
from api.repository import Repository
from api.shelving import ShelfKind, ShelvingRules, in_force, run_out
from api.standing import Standing, Window, busyness_of, refreshed
from detector.site import Site

__all__ = ["AlarmRules", "judge", "keep_shelves", "keep_standing", "tell_alarm", "tell_judged", "undecided"]

DAY_US: Final = 86_400 * 1_000_000
USUAL_DAYS: Final = 7
LEAST_WINDOWS: Final = 100.0
"""What is usual is told from this many windows on: most of a day, at ten minutes each."""

TOLD_EVERY_US: Final = 10_000_000
"""A standing alarm is told anew no more often than this."""

MAX_JUDGED: Final = 200
"""Alerts that one sweep decides on."""

MAX_LOCATIONS: Final = 300
"""Alerts whose cells a standing alarm adds up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRules:
    """All rules of announcing."""

    discipline: Discipline
    priority: PriorityRules
    shelving: ShelvingRules
    repeat_us: int
    escalate_after_us: int


def judge(
    repository: Repository, alerts: Iterable[Alert], *, rules: AlarmRules, audience: Audience, now_us: int
) -> list[Alert]:
    """The same alerts with their priority, announced if they are to be; what changed is stored.

    Standing alarms begin here.
    """
    before = list(alerts)
    ranked = with_priorities(repository, before, rules=rules, now_us=now_us)
    ledger = ledger_of(repository, rules=rules, now_us=now_us)
    busy = set(ledger.standing)
    announced, refused = judged(ranked, ledger, rules=rules.discipline, now_us=now_us)
    by_number = {alert.id: alert for alert in announced}
    after = [by_number.get(alert.id, alert) for alert in ranked]
    repository.save_alerts(new for new, old in zip(after, before, strict=True) if new != old)
    for wing in refused.keys() - busy:
        begin_standing(repository, wing, rules=rules, audience=audience, now_us=now_us)
    return after


def with_priorities(repository: Repository, alerts: Sequence[Alert], *, rules: AlarmRules, now_us: int) -> list[Alert]:
    """The same alerts, those that are open with their priority."""
    cells = {alert.cell for alert in alerts if alert.cell is not None}
    counts = repository.alarms.alerts_of_cells(cells, since_us=now_us - rules.repeat_us) if cells else {}
    ranked = []
    for alert in alerts:
        if alert.state is AlertState.OPEN:
            earlier = max(0, counts.get(alert.cell or "", 0) - 1)
            priority, why = prioritised(alert, earlier=earlier, rules=rules.priority)
            ranked.append(replace(alert, priority=priority, priority_why=why))
        else:
            ranked.append(alert)
    return ranked


def ledger_of(repository: Repository, *, rules: AlarmRules, now_us: int) -> Ledger:
    """What discipline needs to know of everything else."""
    shelves = repository.alarms.shelves(open_only=True)
    return Ledger(
        announced=repository.alarms.announced(since_us=now_us - rules.discipline.window_us, now_us=now_us),
        standing={alarm.wing for alarm in repository.alarms.standing(open_only=True)},
        shelved_wings=frozenset(in_force(shelves, ShelfKind.WING, now_us=now_us)),
        shelved_sensors=frozenset(in_force(shelves, ShelfKind.SENSOR, now_us=now_us)),
    )


def undecided(repository: Repository, *, rules: AlarmRules, now_us: int) -> list[Alert]:
    """Alerts on which time may have decided."""
    return repository.alarms.undecided(realarm_before_us=now_us - rules.discipline.realarm_us, limit=MAX_JUDGED)


def tell_judged(repository: Repository, site: Site, alerts: Iterable[Alert], *, now_us: int) -> bool:
    """Tell the alerts that people know of, or are to know of now; says whether there were any."""
    known = [alert for alert in alerts if alert.announced_us is not None or (alert.version and not alert.merged_into)]
    return telling.tell_alerts(repository, site, known, now_us=now_us)


def begin_standing(
    repository: Repository, wing: str | None, *, rules: AlarmRules, audience: Audience, now_us: int
) -> None:
    """Begin a wing's standing alarm."""
    window = window_of(repository, wing, rules=rules, now_us=now_us)
    draft = Standing(
        id=0,
        wing=wing,
        began_us=now_us,
        ended_us=None,
        told_us=now_us,
        acknowledged_us=None,
        acknowledged_by=None,
        escalated_us=None,
        busyness=busyness_of(window, least_windows=LEAST_WINDOWS),
    )
    alarm = repository.alarms.add_standing(draft)
    tell_alarm(repository, alarm, audience=audience, window_us=rules.discipline.window_us, now_us=now_us)


def tell_alarm(repository: Repository, alarm: Standing, *, audience: Audience, window_us: int, now_us: int) -> None:
    """Tell a standing alarm on the feed, and to the channels if something happened to it now."""
    telling.tell_standing_alarm(repository, alarm, window_us=window_us, now_us=now_us)
    notices = notifying.standing_notices(alarm, audience, window_us=window_us, now_us=now_us)
    notifying.queue(repository.outgoing, audience, notices, now_us=now_us)


def keep_standing(repository: Repository, *, rules: AlarmRules, audience: Audience, now_us: int) -> bool:
    """Bring the standing alarms up to date; says whether anybody was told anything."""
    told = False
    for alarm in repository.alarms.standing(open_only=True):
        window = window_of(repository, alarm.wing, rules=rules, now_us=now_us)
        fresh = refreshed(alarm, window, most=rules.discipline.most, least_windows=LEAST_WINDOWS, now_us=now_us)
        if fresh.is_overdue(now_us=now_us, limit_us=rules.escalate_after_us):
            fresh = replace(fresh, escalated_us=now_us)
        urgent = (fresh.ended_us, fresh.escalated_us) != (alarm.ended_us, alarm.escalated_us)
        if urgent or (fresh != alarm and not 0 <= now_us - alarm.told_us < TOLD_EVERY_US):
            fresh = replace(fresh, told_us=now_us)
            repository.alarms.save_standing(fresh)
            tell_alarm(repository, fresh, audience=audience, window_us=rules.discipline.window_us, now_us=now_us)
            told = True
    return told


def window_of(repository: Repository, wing: str | None, *, rules: AlarmRules, now_us: int) -> Window:
    """What was recorded of a wing of late, and in the days before."""
    book, length_us = repository.alarms, rules.discipline.window_us
    since_us = now_us - length_us
    first_us = max(book.first_alert_us() or now_us, now_us - USUAL_DAYS * DAY_US)
    cells: dict[str, float] = {}
    for location in book.locations(wing, since_us=since_us, limit=MAX_LOCATIONS):
        for name, chance in location.cells.items():
            cells[name] = cells.get(name, 0.0) + chance
    return Window(
        alerts=book.count_alerts(wing, since_us=since_us, until_us=now_us + length_us),
        before=book.count_alerts(wing, since_us=first_us, until_us=since_us),
        before_windows=max(0.0, (since_us - first_us) / length_us),
        cells=cells,
    )


def keep_shelves(repository: Repository, *, rules: AlarmRules, now_us: int) -> bool:
    """End the shelves whose time is over; says whether there were any."""
    over = [
        after
        for shelf in repository.alarms.shelves(open_only=True)
        if (after := run_out(shelf, rules=rules.shelving, now_us=now_us)) != shelf
    ]
    for shelf in over:
        repository.alarms.save_shelf(shelf)
        telling.tell_shelf(repository, shelf, now_us=now_us)
    return bool(over)
