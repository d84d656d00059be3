"""All that is watched, at one instant: what is wrong anywhere, and what that makes of the alarms that are open. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from api.alarms import Alarm, AlarmAct, AlarmKind, Condition, Subject, cleared, judged
from api.conditions import bands_within, conditions
from api.states import SensorStatus
from api.uplinks import bands_of, plan_of
from api.watching import BEGINNING, Watch, WatchRules
from api.wings import ears_of, least_share_of, listened_share
from detector.site import Jammer, SensorPlace, Site, TestPhone
from detector.times import from_microseconds, to_microseconds

__all__ = ["PhoneTest", "Scene", "changes", "is_jammed", "last_window"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneTest:
    """The last time at which a test phone was to speak, when it was over, and whether it was heard."""

    name: str
    ended_us: int
    heard: bool
    judged_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that conditions are judged from, at one instant."""

    site: Site
    statuses: Mapping[str, SensorStatus]
    watches: Mapping[str, Watch]
    tests: Mapping[str, PhoneTest]
    awake_us: int
    rules: WatchRules
    now_us: int

    @property
    def local(self) -> datetime:
        """The instant by the site's own clock."""
        return from_microseconds(self.now_us).astimezone(ZoneInfo(self.site.time_zone))


def changes(scene: Scene, alarms: Iterable[Alarm]) -> Iterator[tuple[Alarm, AlarmAct, str]]:
    """The alarms that are raised and cleared, given those that are open; with a note on why, where it is not plain."""
    left = {alarm.key: alarm for alarm in alarms}
    for condition in all_conditions(scene):
        alarm = left.pop(condition.key, None)
        change = judged(condition, alarm, clear_us=scene.rules.clear_us, now_us=scene.now_us)
        if change is not None:
            yield *change, ""
    known = subjects(scene.site)
    for alarm in left.values():
        if (alarm.subject, alarm.name) not in known:
            yield cleared(alarm, now_us=scene.now_us), AlarmAct.CLEARED, "it has left the site"


def subjects(site: Site) -> set[tuple[Subject, str]]:
    """Everything that an alarm may be about."""
    known = {(Subject.SENSOR, place.name) for place in site.sensors} | {(Subject.WING, w.name) for w in site.wings}
    return known | {(Subject.PHONE, phone.name) for phone in site.test_phones}


def all_conditions(scene: Scene) -> Iterator[Condition]:
    """How it stands with everything that is watched."""
    for wing in (None, *(wing.name for wing in scene.site.wings)):
        day = scene.local.date()
        bands = bands_of(scene.site, wing or "", scene.watches, day=day, rules=scene.rules)
        for place in scene.site.sensors:
            if place.wing == wing:
                yield from conditions(
                    place,
                    scene.statuses.get(place.name),
                    scene.watches.get(place.name, BEGINNING),
                    bands=bands or plan_of(scene.site.country),
                    awake_us=scene.awake_us,
                    rules=scene.rules,
                    now_us=scene.now_us,
                )
    yield from unheard(scene)
    for phone in scene.site.test_phones:
        if (test := scene.tests.get(phone.name)) is not None:
            yield tested(phone, test)


def unheard(scene: Scene) -> Iterator[Condition]:
    """Bands that the site names and to which nobody listens as planned, once every sensor has had a round of its plan."""
    rules, now_us = scene.rules, scene.now_us
    if now_us - scene.awake_us < rules.scan_us:
        return
    for wing in scene.site.wings:
        for band in bands_of(scene.site, wing.name, {}, day=scene.local.date(), rules=rules):
            ears = ears_of(scene.site, wing.name, band, scene.statuses, scene.watches, (), rules=rules, now_us=now_us)
            settled = [ear for ear in ears if ear.watch.steady_us and now_us - ear.watch.steady_us >= rules.scan_us]
            if not settled:
                continue
            least = least_share_of(wing, rules)
            lately = listened_share(band, settled, within_us=rules.scan_us // 2, now_us=now_us)
            whole = listened_share(band, settled, within_us=rules.scan_us, now_us=now_us)
            if whole < least or lately >= least:
                yield Condition(
                    kind=AlarmKind.UNHEARD,
                    subject=Subject.WING,
                    name=wing.name,
                    wing=wing.name,
                    bad=whole < least,
                    since_us=0,
                    bands=(band.name,),
                    facts={"heard_share": round(whole, 3), "planned_share": least},
                )


def tested(phone: TestPhone, test: PhoneTest) -> Condition:
    """Whether a test phone was heard when it last was to speak."""
    return Condition(
        kind=AlarmKind.TEST,
        subject=Subject.PHONE,
        name=phone.name,
        wing=phone.wing,
        bad=not test.heard,
        since_us=test.judged_us,
        facts={},
    )


def last_window(phone: TestPhone, local: datetime) -> tuple[int, int]:
    """When a test phone last was to speak, by the site's own clock; microseconds since 1970."""
    begin, end = max((hours.latest(local) for hours in phone.hours), key=lambda window: window[1])
    return to_microseconds(begin), to_microseconds(end)


def is_jammed(site: Site, status: SensorStatus, *, now_us: int) -> bool:
    """Whether one of the site's own jammers is on where a sensor stands and listens."""
    place = next(place for place in site.sensors if place.name == status.name)
    local = from_microseconds(now_us).astimezone(ZoneInfo(site.time_zone))
    beat = status.heartbeat
    centre_hz, half_hz = beat.centre_hz or 0.0, beat.sample_rate_hz / 2
    tuned = bands_within(plan_of(site.country), [(centre_hz - half_hz, centre_hz + half_hz)])
    return any(reaches(jammer, place, tuned) and jammer.is_on(local) for jammer in site.jammers)


def reaches(jammer: Jammer, place: SensorPlace, bands: Sequence[str]) -> bool:
    """Whether a jammer is heard by a sensor that is tuned to some bands."""
    here = not jammer.wings or place.wing in jammer.wings
    return here and (not jammer.bands or bool(set(jammer.bands) & set(bands)))
