"""The hub's services: take a batch in, tell how things stand, do what time asks for. One transaction each.

Routes and the sweeper call these from worker threads; they know neither HTTP nor the event loop.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api import annunciation, association, locating, notifying, supervision, telling
from api.alerts import Alert
from api.annunciation import AlarmRules
from api.association import Rules
from api.audience import Audience, routes_of
from api.clocks import ClockMark, TimeError, clock_offset_us, require_possible
from api.database import Database
from api.deeds import escalate_overdue
from api.delivery import RetryRules
from api.discipline import Discipline
from api.errors import ConflictError, InvalidError
from api.events import Feed
from api.heart import Heart
from api.places import ListeningRules
from api.premises import Current
from api.priority import PriorityRules
from api.repository import Repository
from api.settings import Settings
from api.shelving import ShelvingRules
from api.states import SensorStatus, heard
from api.views import Receipt
from api.watch_rules import rules_of
from api.watching import WatchRules
from detector.fusion import Report, later
from detector.site import Site
from detector.times import to_microseconds
from detector.timing import Slot
from detector.wire import Batch, SensorDetection, WireError, parse_batch

__all__ = ["Hub", "ingest", "learn", "sweep"]

MICROSECONDS: Final = 1_000_000

MOST_SLOTS: Final = 8
"""Slots of an emission that are looked at; a frame has no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """What the services work with."""

    settings: Settings
    current: Current
    database: Database
    feed: Feed
    clock: Callable[[], datetime]
    heart: Heart

    @property
    def site(self) -> Site:
        """The site as it is now."""
        return self.current.premises.site

    @property
    def now_us(self) -> int:
        """The time; microseconds since 1970."""
        return to_microseconds(self.clock())

    @property
    def stale_after_us(self) -> int:
        """A sensor that was not heard for this long is stale."""
        return round(self.settings.stale_after_s * MICROSECONDS)

    @property
    def watch_rules(self) -> WatchRules:
        """When something is wrong with a sensor."""
        return rules_of(self.settings)

    @property
    def clock_limit_us(self) -> int:
        """A sensor's clock that is off by no more than this is right."""
        return round(self.settings.clock_limit_s * MICROSECONDS)

    @property
    def escalate_after_us(self) -> int:
        """An alert that nobody acknowledged for this long is escalated."""
        return round(self.settings.escalate_after_s * MICROSECONDS)

    @property
    def move_hold_us(self) -> int:
        """After a change was told, a move is not told for this long."""
        return round(self.settings.move_hold_s * MICROSECONDS)

    @property
    def audience(self) -> Audience:
        """Who is told what happens."""
        settings = self.settings
        return Audience(site=self.site, simulated=settings.simulated, routes=routes_of(settings.channels))

    @property
    def retry_rules(self) -> RetryRules:
        """How often and for how long notices are tried."""
        told = self.settings
        return RetryRules(
            first_us=round(told.retry_first_s * MICROSECONDS),
            longest_us=round(told.retry_longest_s * MICROSECONDS),
            keep_us=round(told.notice_keep_s * MICROSECONDS),
            patience_us=round(told.channel_patience_s * MICROSECONDS),
        )

    @property
    def rules(self) -> Rules:
        """How reports become alerts."""
        return Rules(
            tolerance_us=round(self.settings.clock_tolerance_s * MICROSECONDS),
            gap_us=round(self.settings.episode_gap_s * MICROSECONDS),
            limit_us=round(self.settings.episode_limit_s * MICROSECONDS),
            memory_us=round(self.settings.clock_memory_s * MICROSECONDS),
            clear_snr_db=self.settings.clear_snr_db,
        )

    @property
    def listening(self) -> ListeningRules:
        """When a silence counts."""
        return ListeningRules(
            stale_after_us=self.stale_after_us,
            settle_us=round(self.settings.silence_settle_s * MICROSECONDS),
            silence_poi=self.settings.silence_poi,
            hearing_snr_db=self.settings.hearing_snr_db,
        )

    @property
    def alarm_rules(self) -> AlarmRules:
        """Which alerts are announced, and how urgent they are."""
        told = self.settings
        return AlarmRules(
            discipline=Discipline(
                on_delay_us=round(told.on_delay_s * MICROSECONDS),
                realarm_us=round(told.realarm_s * MICROSECONDS),
                window_us=round(told.rate_window_s * MICROSECONDS),
                most=told.most_alerts,
            ),
            priority=PriorityRules(sure=told.priority_sure, repeats=told.repeat_alerts),
            shelving=ShelvingRules(
                longest_us=round(told.shelf_limit_s * MICROSECONDS),
                confirm_within_us=round(told.shelf_confirm_s * MICROSECONDS),
            ),
            repeat_us=round(told.repeat_days * 86_400 * MICROSECONDS),
            escalate_after_us=self.escalate_after_us,
        )


def ingest(hub: Hub, sensor: str, body: bytes) -> Receipt:
    """Store a batch and all that follows from it; it is durable when this returns.

    Raises
    ------
    InvalidError
        If the body is no batch of this sensor.
    ConflictError
        If the batch was stored before with other bytes.
    """
    batch = batch_of(sensor, body)
    digest = hashlib.sha256(body).digest()
    now_us = hub.now_us
    with hub.database.writing() as connection:
        repository = Repository(connection)
        known = repository.batch_digest(sensor, batch.boot, batch.sequence)
        if known is not None:
            if known != digest:
                raise ConflictError(f"batch {batch.sequence} of boot {batch.boot!r} was stored with other bytes")
            return Receipt(stored=0, duplicate=True)
        repository.add_batch(batch, digest=digest, received_us=now_us)
        offset_us = note_heartbeat(repository, hub, batch, now_us=now_us)
        reports = take_reports(repository, batch, hub.site, offset_us=offset_us)
        changed = association.associate(repository, reports, rules=hub.rules, now_us=now_us)
        placed = with_places(repository, hub, changed, now_us=now_us)
        told = announced(repository, hub, placed, now_us=now_us)
        told |= telling.tell_standing(repository, hub.site, now_us=now_us, rules=hub.watch_rules)
    if told:
        hub.feed.wake()
    return Receipt(stored=len(batch.detections), duplicate=False)


def sweep(hub: Hub) -> None:
    """Do what the passing of time asks for."""
    now_us, rules = hub.now_us, hub.alarm_rules
    with hub.database.writing() as connection:
        repository = Repository(connection)
        told = annunciation.keep_shelves(repository, rules=rules, now_us=now_us)
        if told:
            supervision.tell_unshelved(repository, hub.audience, now_us=now_us)
        told |= announced(repository, hub, due(repository, hub, now_us=now_us), now_us=now_us)
        if hub.audience.routes:
            notify(repository, hub, repository.alarms.told_anew(), now_us=now_us)
        told |= annunciation.keep_standing(repository, rules=rules, audience=hub.audience, now_us=now_us)
        told |= escalate_overdue(repository, hub.audience, now_us=now_us, limit_us=hub.escalate_after_us)
        told |= supervision.keep(repository, hub.audience, rules=hub.watch_rules, now_us=now_us)
        told |= telling.sweep(repository, hub.site, now_us=now_us, gap_us=hub.rules.gap_us, rules=hub.watch_rules)
    hub.heart.beat(now_us)
    if told:
        hub.feed.wake()


def due(repository: Repository, hub: Hub, *, now_us: int) -> list[Alert]:
    """Alerts that time has changed: by what sensors did not hear since, or because they may be announced now."""
    active = repository.active_alerts(limit=locating.MAX_PLACED)
    moved = locating.place(repository, hub.current.premises, active, rules=hub.listening, now_us=now_us)
    waiting = annunciation.undecided(repository, rules=hub.alarm_rules, now_us=now_us)
    return list(({alert.id: alert for alert in waiting} | {alert.id: alert for alert in moved}).values())


def announced(repository: Repository, hub: Hub, alerts: list[Alert], *, now_us: int) -> bool:
    """Judge alerts that changed and tell those that people are to know of; says whether there were any."""
    if not alerts:
        return False
    judged = annunciation.judge(repository, alerts, rules=hub.alarm_rules, audience=hub.audience, now_us=now_us)
    notify(repository, hub, judged, now_us=now_us)
    return annunciation.tell_judged(repository, hub.site, judged, now_us=now_us)


def notify(repository: Repository, hub: Hub, alerts: Iterable[Alert], *, now_us: int) -> None:
    """Tell the channels what is new of some alerts."""
    outgoing, hold_us = repository.outgoing, hub.move_hold_us
    notices = notifying.announcements(outgoing, hub.audience, alerts, hold_us=hold_us, now_us=now_us)
    notifying.queue(outgoing, hub.audience, notices, now_us=now_us)


def learn(hub: Hub) -> bool:
    """Learn the site's law of propagation from what was heard since; says whether there was enough."""
    return locating.learn_more(
        hub.database, hub.current, rules=hub.listening, at_least=hub.settings.learn_after, now_us=hub.now_us
    )


def with_places(repository: Repository, hub: Hub, alerts: list[Alert], *, now_us: int) -> list[Alert]:
    """The same alerts, each at the place where its phone probably is."""
    moved = locating.place(repository, hub.current.premises, alerts, rules=hub.listening, now_us=now_us)
    by_number = {alert.id: alert for alert in moved}
    return [by_number.get(alert.id, alert) for alert in alerts]


def batch_of(sensor: str, body: bytes) -> Batch:
    """The batch in a request's body."""
    try:
        batch = parse_batch(body)
        require_possible(batch)
    except (WireError, TimeError) as error:
        raise InvalidError(str(error), parameter=str(error).partition(":")[0]) from error
    if batch.sensor != sensor:
        raise InvalidError(f"sensor: the batch is of {batch.sensor!r}, not of {sensor!r}", parameter="sensor")
    return batch


def note_heartbeat(repository: Repository, hub: Hub, batch: Batch, *, now_us: int) -> int:
    """Store what a batch says of its sensor, unless something newer is known; gives how far the sensor's clock is ahead."""
    known, limit_us = repository.sensors().get(batch.sensor), hub.clock_limit_us
    mark = ClockMark(sent_us=to_microseconds(batch.sent_utc), received_us=now_us)
    status = heard(batch, known, mark=mark, clock_limit_us=limit_us)
    if status is not None:
        repository.save_sensor(status, known=known is not None)
        supervision.observe(repository, hub.site, status, known, rules=hub.watch_rules, now_us=now_us)
    if batch.detections:
        supervision.hear_phone(repository, batch.sensor, now_us=now_us)
    return batch_offset_us(batch, status or known, mark=mark, clock_limit_us=limit_us)


def batch_offset_us(batch: Batch, status: SensorStatus | None, *, mark: ClockMark, clock_limit_us: int) -> int:
    """How far the clock that dated a batch is ahead: as its boot's heartbeats say, or as the batch itself proves."""
    if status is not None and status.boot == batch.boot and status.offset_us:
        return status.offset_us
    return clock_offset_us(mark, None, limit_us=clock_limit_us)


def take_reports(repository: Repository, batch: Batch, site: Site, *, offset_us: int) -> list[Report]:
    """Store what the detections of a batch tell of their emissions; gives the emissions as they are now.

    Parameters
    ----------
    offset_us
        How far the sensor's clock is ahead; reports bear the hub's time.
    """
    wing = site.wing_of(batch.sensor)
    fresh: dict[tuple[str, str, int], Report] = {}
    for detection in batch.detections:
        report = report_of(batch, detection, wing=wing, offset_us=offset_us)
        fresh[report.key] = later(fresh[report.key], report) if report.key in fresh else report
    known = repository.reports(fresh)
    grown = [later(known[key], report) for key, report in fresh.items() if key in known]
    new = [report for key, report in fresh.items() if key not in known]
    repository.save_reports(new, grown)
    return new + grown


def report_of(batch: Batch, detection: SensorDetection, *, wing: str | None, offset_us: int) -> Report:
    """What one detection tells of its emission."""
    return Report(
        sensor=batch.sensor,
        boot=batch.boot,
        emission=detection.emission,
        wing=wing,
        technology=detection.technology,
        kinds=detection.kinds,
        activity=detection.activity,
        channel=detection.channel,
        freq_lower_hz=detection.freq_lower_hz,
        freq_upper_hz=detection.freq_upper_hz,
        start_us=to_microseconds(detection.start_utc) - offset_us,
        end_us=to_microseconds(detection.end_utc) - offset_us,
        bursts=detection.bursts,
        snr_db=detection.snr_db,
        power_dbfs=detection.power_dbfs,
        score=detection.score,
        part=detection.part,
        slots=slots_of(detection, offset_us=offset_us),
    )


def slots_of(detection: SensorDetection, *, offset_us: int) -> tuple[Slot, ...]:
    """In which slots an emission was heard, if its search tells."""
    end_us = to_microseconds(detection.end_utc) - offset_us
    told: list[Slot] = []
    while (first_s := detection.parts.get(f"slot_{len(told) + 1}_first_s")) is not None:
        last_s = detection.parts.get(f"slot_{len(told) + 1}_last_s", first_s)
        first_us, last_us = (end_us + round((at_s - detection.end_s) * MICROSECONDS) for at_s in (first_s, last_s))
        told.append(Slot(first_us, last_us))
    return tuple(told[-MOST_SLOTS:])
