"""From what happened to notices in the queue, in the transaction that makes it true.

A notice's key names its transition, and a channel gets each key once, so that whatever is said again, after a restart or
by a second look, is not told again.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from api.alarms import Alarm, AlarmKind, Subject, sentence
from api.alerts import Alert, AlertState, Priority
from api.alerts_life import Act, Transition
from api.audience import Audience
from api.channels.notice import AlertFacts, ChannelFacts, Kind, Notice, StandingFacts, SupervisionFacts, TrialFacts
from api.delivery import Health
from api.outgoing import Outgoing, Told
from api.priority import sureness
from api.shelving import Shelf, ShelfKind, in_force
from api.standing import Standing

__all__ = [
    "announcements",
    "channel_notice",
    "deeds",
    "queue",
    "standing_notices",
    "supervision_notices",
    "trial_notice",
]

CELLS: Final = 3
"""Cells that a notice names."""

ACTS: Final = {
    Act.ACKNOWLEDGE: Kind.ACKNOWLEDGED,
    Act.SEARCH: Kind.SEARCH_SENT,
    Act.CLOSE: Kind.CLOSED,
    Act.REOPEN: Kind.REOPENED,
    Act.ESCALATE: Kind.ESCALATED,
}


def queue(outgoing: Outgoing, audience: Audience, notices: Sequence[Notice], *, now_us: int) -> int:
    """Put notices into the queues of the channels that are to have them; gives how many that were."""
    if not audience.routes or not notices:
        return 0
    followers = outgoing.told_of({notice.subject for notice in notices})
    count = 0
    for notice in notices:
        channels = audience.of(notice, followers=followers.get(notice.subject, frozenset()))
        count += outgoing.add(notice, channels, now_us=now_us)
        for channel in channels:
            followers.setdefault(notice.subject, set()).add(channel)
    return count


def announcements(
    outgoing: Outgoing, audience: Audience, alerts: Iterable[Alert], *, hold_us: int, now_us: int
) -> list[Notice]:
    """Notices of alerts that are announced just now, again or for the first time, merged, moved, or more urgent.

    Parameters
    ----------
    hold_us
        After a change was told, a move is held back for this long: a place that swings is not told at every swing.
    """
    if not audience.routes:
        return []
    known = [alert for alert in alerts if alert.announced_us is not None]
    before = outgoing.last_told({subject_of(alert) for alert in known})
    found = []
    for alert in known:
        if alert.merged_into is not None:
            found.append(alert_notice(alert, Kind.MERGED, "merged", audience, now_us=now_us))
        elif alert.announced_us == now_us:
            kind = Kind.OPENED if alert.announcements == 1 else Kind.AGAIN
            found.append(alert_notice(alert, kind, f"announced/{alert.announcements}", audience, now_us=now_us))
        elif (last := before.get(subject_of(alert))) is not None and differs(
            alert, last, hold_us=hold_us, now_us=now_us
        ):
            found.append(alert_notice(alert, Kind.CHANGED, f"changed/{now_us}", audience, now_us=now_us))
    return found


def differs(alert: Alert, last: Told, *, hold_us: int, now_us: int) -> bool:
    """Whether an alert that waits for somebody is more urgent than people were told, or elsewhere and that may be told."""
    held = last.changed_us is not None and 0 <= now_us - last.changed_us < hold_us
    moved = alert.wing != last.wing and not held
    return alert.state is AlertState.OPEN and (moved or alert.priority.rank > last.priority.rank)


def deeds(audience: Audience, done: Iterable[tuple[Alert, Transition]]) -> list[Notice]:
    """Notices of what was done to alerts that people know of."""
    return [
        alert_notice(alert, ACTS[each.act], f"{each.act}/{each.version}", audience, now_us=each.at_us)
        for alert, each in done
        if alert.announced_us is not None and each.act in ACTS
    ]


def subject_of(alert: Alert) -> str:
    """What the order of an alert's notices is kept of."""
    return f"alert/{alert.id}"


def alert_notice(alert: Alert, kind: Kind, step: str, audience: Audience, *, now_us: int) -> Notice:
    """A notice of one transition of an alert."""
    location = alert.location if alert.location is not None and alert.location.is_told else None
    return Notice(
        key=f"{subject_of(alert)}/{step}",
        kind=kind,
        subject=subject_of(alert),
        at_us=now_us,
        site=audience.site.name,
        time_zone=audience.site.time_zone,
        simulated=audience.simulated,
        wing=alert.wing,
        wing_title=audience.title(alert.wing),
        priority=alert.priority,
        facts=AlertFacts(
            alert=alert.id,
            opened_us=alert.opened_us,
            technology=alert.technology,
            activity=alert.activity,
            channel=alert.channel,
            snr_db=round(alert.snr_db, 1),
            sensors=alert.sensors,
            detections=alert.detections,
            sure=round(sureness(alert), 3),
            cells=() if location is None else tuple(list(location.cells.items())[:CELLS]),
            outside=None if location is None else location.outside,
            permitted=None if location is None else location.permitted,
            announcements=alert.announcements,
            outcome=alert.outcome,
            merged_into=alert.merged_into,
        ),
    )


def standing_notices(alarm: Standing, audience: Audience, *, window_us: int, now_us: int) -> list[Notice]:
    """Notices of what happens to a standing alarm at this moment."""
    steps = {
        Kind.STANDING_BEGAN: alarm.began_us,
        Kind.STANDING_ACKNOWLEDGED: alarm.acknowledged_us,
        Kind.STANDING_ESCALATED: alarm.escalated_us,
        Kind.STANDING_ENDED: alarm.ended_us,
    }
    return [
        standing_notice(alarm, kind, audience, window_us=window_us, now_us=now_us)
        for kind, at_us in steps.items()
        if at_us == now_us
    ]


def standing_notice(alarm: Standing, kind: Kind, audience: Audience, *, window_us: int, now_us: int) -> Notice:
    """A notice of one transition of a standing alarm."""
    busy = alarm.busyness
    return Notice(
        key=f"standing/{alarm.id}/{kind}",
        kind=kind,
        subject=f"standing/{alarm.id}",
        at_us=now_us,
        site=audience.site.name,
        time_zone=audience.site.time_zone,
        simulated=audience.simulated,
        wing=alarm.wing,
        wing_title=audience.title(alarm.wing),
        priority=Priority.HIGH,
        facts=StandingFacts(
            standing=alarm.id,
            began_us=alarm.began_us,
            alerts=busy.alerts,
            minutes=window_us / 60e6,
            usual=busy.usual,
            comparison=busy.comparison,
            cells=tuple(list(busy.cells)[:CELLS]),
        ),
    )


def supervision_notices(
    outgoing: Outgoing, audience: Audience, alarm: Alarm, *, shelves: Sequence[Shelf], now_us: int
) -> list[Notice]:
    """Notices that something makes the system blind or deaf, or no longer does; of what is not shelved alone.

    Its end is told only if somebody was told of its beginning.
    """
    if not audience.routes or is_shelved(alarm, shelves, now_us=now_us):
        return []
    begins = supervision_notice(alarm, Kind.SUPERVISION_RAISED, audience, at_us=alarm.raised_us)
    if alarm.cleared_us is None:
        return [begins] if alarm.acknowledged_us is None else []
    ends = supervision_notice(alarm, Kind.SUPERVISION_ENDED, audience, at_us=alarm.cleared_us)
    if alarm.kind is AlarmKind.HUB:
        return [begins, ends]
    return [ends] if outgoing.told_of({ends.subject}) else []


def is_shelved(alarm: Alarm, shelves: Sequence[Shelf], *, now_us: int) -> bool:
    """Whether an alarm is of a shelved sensor or wing."""
    sensors = in_force(shelves, ShelfKind.SENSOR, now_us=now_us)
    wings = in_force(shelves, ShelfKind.WING, now_us=now_us)
    return (alarm.subject is Subject.SENSOR and alarm.name in sensors) or alarm.wing in wings


def supervision_notice(alarm: Alarm, kind: Kind, audience: Audience, *, at_us: int) -> Notice:
    """A notice of one transition of an alarm about the system itself."""
    return Notice(
        key=f"supervision/{alarm.id}/{kind}",
        kind=kind,
        subject=f"supervision/{alarm.id}",
        at_us=at_us,
        site=audience.site.name,
        time_zone=audience.site.time_zone,
        simulated=audience.simulated,
        wing=alarm.wing,
        wing_title=audience.title(alarm.wing),
        priority=Priority.HIGH,
        facts=SupervisionFacts(what=alarm.kind.value, which=alarm.name, why=sentence(alarm)),
    )


def channel_notice(health: Health, audience: Audience, *, since_us: int, waiting: int, why: str, now_us: int) -> Notice:
    """A notice that a channel does not deliver, or does so again."""
    kind = Kind.CHANNEL_RESTORED if health.failing_us is None else Kind.CHANNEL_FAILED
    return Notice(
        key=f"channel/{health.channel}/{since_us}/{kind}",
        kind=kind,
        subject=f"channel/{health.channel}",
        at_us=now_us,
        site=audience.site.name,
        time_zone=audience.site.time_zone,
        simulated=audience.simulated,
        wing=None,
        wing_title=None,
        priority=Priority.MEDIUM,
        facts=ChannelFacts(channel=health.channel, since_us=since_us, waiting=waiting, why=why),
    )


def trial_notice(audience: Audience, *, mark: str, now_us: int) -> Notice:
    """A notice that somebody tests a channel; ``mark`` tells it from other tests."""
    return Notice(
        key=f"test/{mark}",
        kind=Kind.TEST,
        subject=f"test/{mark}",
        at_us=now_us,
        site=audience.site.name,
        time_zone=audience.site.time_zone,
        simulated=audience.simulated,
        wing=None,
        wing_title=None,
        priority=Priority.LOW,
        facts=TrialFacts(),
    )
