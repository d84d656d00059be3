"""Supervision in the hub: remembers sensors, raises and clears alarms about the system itself, in the caller's transaction.

What is decided is in the pure modules :mod:`api.watching`, :mod:`api.conditions`, :mod:`api.scene` and :mod:`api.alarms`;
this one fetches what they need and stores and tells what they say.
"""

from dataclasses import replace
from typing import Final

from api import notifying, telling
from api.actors import HUB
from api.alarms import Alarm, AlarmAct, AlarmKind, Condition, Subject, cleared, noted, raised
from api.audience import Audience
from api.coverage import hour_of
from api.repository import Repository
from api.scene import PhoneTest, Scene, changes, is_jammed, last_window
from api.states import SensorStatus
from api.watch_book import Pulse
from api.watching import WatchRules, heard_phone, next_hour, observed
from detector.site import Site, TestPhone

__all__ = ["hear_phone", "keep", "observe", "tell", "tell_unshelved"]

PULSE_EVERY_US: Final = 5_000_000
PHONE_STEP_US: Final = 2_000_000
"""That a sensor hears a phone is noted no more often than this."""


def observe(
    repository: Repository,
    site: Site,
    status: SensorStatus,
    before: SensorStatus | None,
    *,
    rules: WatchRules,
    now_us: int,
) -> None:
    """Remember a heartbeat that is newer than the one before."""
    watch = repository.watching.watch(status.name)
    if not watch.hour_us:
        watch = next_hour(watch, hour_of(now_us), since_us=0)
    open_alarms = repository.watching.open_alarms()
    fresh = observed(
        watch,
        status,
        before,
        jammed=is_jammed(site, status, now_us=now_us),
        healthy=not any(alarm.subject is Subject.SENSOR and alarm.name == status.name for alarm in open_alarms),
        referenced=any(reference.is_of(status.name) for reference in site.references),
        rules=rules,
    )
    repository.watching.save_watch(status.name, fresh)


def hear_phone(repository: Repository, sensor: str, *, now_us: int) -> None:
    """Remember that a sensor told of a phone."""
    watch = repository.watching.watch(sensor)
    if not 0 <= now_us - watch.phone_us < PHONE_STEP_US:
        repository.watching.save_watch(sensor, heard_phone(watch, now_us=now_us))


def keep(repository: Repository, audience: Audience, *, rules: WatchRules, now_us: int) -> bool:
    """Raise and clear alarms as time and heartbeats ask; says whether anybody was told anything."""
    pulse, told = keep_pulse(repository, audience, rules=rules, now_us=now_us)
    scene = Scene(
        site=audience.site,
        statuses=repository.sensors(),
        watches=repository.watching.watches(),
        tests=repository.watching.phone_tests(),
        awake_us=pulse.awake_us,
        rules=rules,
        now_us=now_us,
    )
    scene = keep_tests(repository, scene)
    for alarm, act, note in changes(scene, repository.watching.open_alarms()):
        happened(repository, audience, alarm, act, now_us=now_us, note=note)
        told = True
    return told


def keep_pulse(repository: Repository, audience: Audience, *, rules: WatchRules, now_us: int) -> tuple[Pulse, bool]:
    """Say that the hub lives; tells of it if it was away, and says whether it did."""
    before = repository.watching.pulse()
    if before is not None and 0 <= now_us - before.at_us < PULSE_EVERY_US:
        return before, False
    away = before is not None and now_us - before.at_us > rules.away_us
    awake_us = now_us if before is None or away else min(before.awake_us, now_us)
    pulse = Pulse(at_us=now_us, awake_us=awake_us)
    repository.watching.save_pulse(pulse)
    if away and before is not None:
        tell_away(repository, audience, since_us=before.at_us, now_us=now_us)
    return pulse, away


def tell_away(repository: Repository, audience: Audience, *, since_us: int, now_us: int) -> None:
    """Record that the hub was away: an alarm that is raised and over at once."""
    condition = Condition(
        kind=AlarmKind.HUB,
        subject=Subject.HUB,
        name="hub",
        wing=None,
        bad=True,
        since_us=since_us,
        facts={"away_s": round((now_us - since_us) / 1e6, 1)},
    )
    draft, _ = raised(condition, now_us=since_us)
    alarm = repository.watching.add_alarm(cleared(draft, now_us=now_us))
    for act, at_us in ((AlarmAct.RAISED, since_us), (AlarmAct.CLEARED, now_us)):
        repository.watching.add_transition(noted(alarm, act, at_us=at_us))
    tell(repository, audience, alarm, now_us=now_us)


def happened(
    repository: Repository, audience: Audience, alarm: Alarm, act: AlarmAct, *, now_us: int, note: str = ""
) -> None:
    """Store and tell what happened to an alarm."""
    if act is AlarmAct.RAISED:
        alarm = repository.watching.add_alarm(alarm)
    else:
        repository.watching.save_alarm(alarm)
    repository.watching.add_transition(noted(alarm, act, at_us=now_us, actor=HUB, note=note))
    tell(repository, audience, alarm, now_us=now_us)


def tell_unshelved(repository: Repository, audience: Audience, *, now_us: int) -> None:
    """Tell the channels of alarms that still stand as a shelf ends; who was told before is not told again."""
    shelves = repository.alarms.shelves(open_only=True)
    for alarm in repository.watching.open_alarms():
        notices = notifying.supervision_notices(repository.outgoing, audience, alarm, shelves=shelves, now_us=now_us)
        notifying.queue(repository.outgoing, audience, notices, now_us=now_us)


def tell(repository: Repository, audience: Audience, alarm: Alarm, *, now_us: int) -> None:
    """Tell an alarm on the feed, and that it was raised or is over to the channels."""
    telling.tell_alarm(repository, alarm, now_us=now_us)
    shelves = repository.alarms.shelves(open_only=True)
    notices = notifying.supervision_notices(repository.outgoing, audience, alarm, shelves=shelves, now_us=now_us)
    notifying.queue(repository.outgoing, audience, notices, now_us=now_us)


def keep_tests(repository: Repository, scene: Scene) -> Scene:
    """Judge the test phones whose time was over a while ago; what was before a phone was declared is not judged."""
    tests = dict(scene.tests)
    for phone in scene.site.test_phones:
        begin_us, end_us = last_window(phone, scene.local)
        before = tests.get(phone.name)
        if before is not None and before.ended_us >= end_us:
            continue
        if before is not None and scene.now_us < max(end_us, scene.awake_us) + scene.rules.test_us:
            continue
        heard = before is None or was_heard(repository, scene.site, phone, begin_us=begin_us, end_us=end_us)
        tests[phone.name] = PhoneTest(name=phone.name, ended_us=end_us, heard=heard, judged_us=scene.now_us)
        repository.watching.save_phone_test(tests[phone.name])
    return replace(scene, tests=tests)


def was_heard(repository: Repository, site: Site, phone: TestPhone, *, begin_us: int, end_us: int) -> bool:
    """Whether a sensor of a test phone's wing heard it when it was to speak."""
    sensors = [place.name for place in site.sensors if place.wing == phone.wing]
    return repository.watching.was_heard(sensors, phone.technology, phone.channel, begin_us=begin_us, end_us=end_us)
