"""The proof ``healthy-day``: a day with all that is usual in a prison raises no alarm.

The pure part of supervision alone, a heartbeat each two seconds for a day: the noise floor drifts with the hours, phones beside
sensors saturate them and fill their bands, the reference carrier fades, heartbeats come late or not for some seconds,
receivers are opened anew, sensors are started again, the site's own jammer keeps its hours, and the test phone speaks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import pi, sin
from typing import Final

import numpy as np

from api.alarms import Alarm, AlarmAct
from api.clocks import ClockMark
from api.coverage import hour_of
from api.scene import Scene, changes, is_jammed
from api.settings import Settings
from api.states import SensorStatus, heard
from api.watch_rules import rules_of
from api.watching import BEGINNING, Watch, heard_phone, next_hour, observed
from detector.site import Site, parse_site
from detector.times import from_microseconds, to_microseconds
from detector.wire import Batch
from tests.prove.fleet import BEAT_S, FakeSensor, site_of
from tests.prove.proof import Bound, Outcomes, Proof, Rate

__all__ = ["PROOF", "alarms_within"]

START: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOURS: Final = 24.0
NAMES: Final = ("A1", "A2", "A3")
JAMMER_DB: Final = 12.0
MORE: Final = '[[jammer]]\nname = "yard"\nhours = ["mon-sun 20:00-06:00"]\n'
JAMMED_HOURS: Final = (20, 6)
SETTINGS: Final = Settings(site="site.toml")  # type: ignore[arg-type]
RULES: Final = rules_of(SETTINGS)
CLOCK_LIMIT_US: Final = round(SETTINGS.clock_limit_s * 1e6)


@dataclass
class Day:
    """One sensor's day: what happens to it beside its heartbeats."""

    sensor: FakeSensor
    rng: np.random.Generator
    phone_until_s: float = 0.0
    away_until_s: float = 0.0

    def batch(self, at_s: float) -> tuple[Batch | None, bool]:
        """What it says at a time, if anything, and whether it tells of a phone."""
        self._begin(at_s)
        if at_s < self.away_until_s:
            return None, False
        batch = self.sensor.batch(at_s)
        assert batch is not None
        assert batch.heartbeat is not None
        phone = at_s < self.phone_until_s
        beat = batch.heartbeat
        floor_db = 2.5 * sin(2 * pi * at_s / 86_400) + (JAMMER_DB if is_night(at_s) else 0.0)
        if phone:
            floor_db += float(self.rng.uniform(0, 25))
        beat = replace(
            beat,
            noise_floor_dbfs=(beat.noise_floor_dbfs or 0.0) + floor_db,
            clipped_share=float(self.rng.uniform(0, 1)) if phone else 0.0,
        )
        jitter = timedelta(seconds=float(self.rng.normal(0, 0.02)))
        return replace(batch, heartbeat=beat, sent_utc=batch.sent_utc + jitter), phone

    def _begin(self, at_s: float) -> None:
        """Begin what may happen at any time: a phone ten times a day and sensor, a pause twenty times, and so on."""
        share = BEAT_S / 86_400
        phone, pause, opened, started = self.rng.uniform(size=4) < np.array([10, 20, 5, 1]) * share
        if phone:
            self.phone_until_s = at_s + float(self.rng.uniform(2, 180))
        if pause:
            self.away_until_s = at_s + float(self.rng.uniform(2, 9))
        if opened:
            # Opened anew within four seconds: the count goes on by the clock once it streams again.
            self.away_until_s = at_s + float(self.rng.uniform(1, 4))
        if started:
            self.away_until_s = at_s + 15.0
            self.sensor.boot = f"boot-{at_s:.0f}"
            self.sensor.samples, self.sensor.sequence = 0, 0


def is_night(at_s: float) -> bool:
    """Whether the site's own jammer is on; it is switched by hand, some seconds late."""
    local = START + timedelta(seconds=at_s - 8, hours=1)
    begin, end = JAMMED_HOURS
    return local.hour >= begin or local.hour < end


def trial(seed: int) -> Outcomes:
    """One day."""
    return {"alarms on a healthy day": Rate(len(alarms_within(seed, hours=HOURS)), HOURS)}


def alarms_within(seed: int, *, hours: float) -> list[Alarm]:
    """The alarms of some hours in which nothing is wrong."""
    rng = np.random.default_rng(seed)
    site = parse_site(site_of(NAMES, more=MORE).encode())
    days = [Day(FakeSensor(name=name, rng=rng, begins=START), rng) for name in NAMES]
    return list(raised(site, days, hours=hours))


def raised(site: Site, days: list[Day], *, hours: float) -> Iterator[Alarm]:
    """The alarms as they are raised."""
    statuses: dict[str, SensorStatus] = {}
    watches: dict[str, Watch] = {}
    open_alarms: dict[object, Alarm] = {}
    for step in range(round(hours * 3600 / BEAT_S)):
        now_us = to_microseconds(START) + round(step * BEAT_S * 1e6)
        for day in days:
            batch, phone = day.batch(step * BEAT_S)
            if batch is not None:
                note(site, statuses, watches, batch, phone=phone, now_us=now_us)
        scene = Scene(
            site=site,
            statuses=statuses,
            watches=watches,
            tests={},
            awake_us=to_microseconds(START),
            rules=RULES,
            now_us=now_us,
        )
        for alarm, act, _ in changes(scene, open_alarms.values()):
            if act is AlarmAct.RAISED:
                open_alarms[alarm.key] = alarm
                yield alarm
            else:
                del open_alarms[alarm.key]


def note(
    site: Site,
    statuses: dict[str, SensorStatus],
    watches: dict[str, Watch],
    batch: Batch,
    *,
    phone: bool,
    now_us: int,
) -> None:
    """Remember what a sensor said, as the hub does."""
    before, name = statuses.get(batch.sensor), batch.sensor
    mark = ClockMark(sent_us=to_microseconds(batch.sent_utc), received_us=now_us)
    status = heard(batch, before, mark=mark, clock_limit_us=CLOCK_LIMIT_US)
    if status is None:
        return
    statuses[name] = status
    watch = watches.get(name, next_hour(BEGINNING, hour_of(now_us), since_us=0))
    if hour_of(now_us) != watch.hour_us:
        watch = next_hour(watch, hour_of(now_us), since_us=0)
    jammed = is_jammed(site, status, now_us=now_us)
    watch = observed(watch, status, before, jammed=jammed, healthy=True, referenced=True, rules=RULES)
    watches[name] = heard_phone(watch, now_us=now_us) if phone else watch


def told(alarm: Alarm) -> str:
    """An alarm that should not have been, for people."""
    return f"{from_microseconds(alarm.raised_us):%H:%M:%S} {alarm.name} {alarm.kind} {dict(alarm.facts)}"


PROOF: Final = Proof(
    name="healthy-day",
    claim="A day in which nothing is wrong raises no alarm about the system itself.",
    count=3,
    few=1,
    trial=trial,
    bounds=(Bound(about="alarms on a healthy day", at_most=0.0),),
)
