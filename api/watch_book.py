"""Every query about the system watching itself: what is remembered of sensors, alarms, test phones, and coverage.

The part of the repository that supervision works with. Rows to values and back; nothing here decides or commits.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from api.alarms import Alarm, AlarmTransition
from api.coverage import Coverage
from api.hearing import OnAir
from api.models import (
    AlarmRow,
    AlarmTransitionRow,
    AlertRow,
    CoverageRow,
    DetectionRow,
    PhoneTestRow,
    PulseRow,
    WatchRow,
)
from api.rows import AnyRow, Place
from api.scene import PhoneTest
from api.watching import BEGINNING, Watch
from detector.strict import StrictError, build
from detector.types import Technology

__all__ = ["Pulse", "WatchBook"]

HUB: Final = "hub"
ALARM: Final = tuple(f.name for f in fields(Alarm))
COVERAGE: Final = tuple(f.name for f in fields(Coverage))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """When the hub last said that it lives, and since when it has without a pause."""

    at_us: int
    awake_us: int


class WatchBook:
    """Queries on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # --- what is remembered of sensors

    def watches(self) -> dict[str, Watch]:
        """What is remembered of each sensor, by its name."""
        rows = self._connection.execute(select(WatchRow.sensor, WatchRow.data))
        return {row.sensor: watch_of(row.data) for row in rows}

    def watch(self, sensor: str) -> Watch:
        """What is remembered of one sensor; the beginning if nothing is."""
        data = self._connection.scalar(select(WatchRow.data).where(WatchRow.sensor == sensor))
        return BEGINNING if data is None else watch_of(data)

    def save_watch(self, sensor: str, watch: Watch) -> None:
        """Remember a sensor."""
        data = json.dumps(asdict(watch), separators=(",", ":")).encode()
        row = upsert(WatchRow).values(sensor=sensor, data=data)
        self._connection.execute(row.on_conflict_do_update(index_elements=["sensor"], set_={"data": data}))

    # --- the hub's own pulse

    def pulse(self) -> Pulse | None:
        """When the hub last said that it lives; None before the first time."""
        row = self._connection.execute(select(PulseRow.at_us, PulseRow.awake_us).where(PulseRow.name == HUB)).first()
        return None if row is None else Pulse(at_us=row.at_us, awake_us=row.awake_us)

    def save_pulse(self, pulse: Pulse) -> None:
        """Say that the hub lives."""
        row = upsert(PulseRow).values(name=HUB, **asdict(pulse))
        self._connection.execute(row.on_conflict_do_update(index_elements=["name"], set_=asdict(pulse)))

    # --- alarms

    def open_alarms(self) -> list[Alarm]:
        """Alarms that are not over, in the order in which they were raised."""
        a = AlarmRow
        rows = self._connection.execute(select(*a.__table__.columns).where(a.cleared_us.is_(None)).order_by(a.id))
        return [alarm_of(row) for row in rows]

    def alarms(
        self, *, limit: int, after: Place | None = None, open_only: bool = False, since_us: int | None = None
    ) -> list[Alarm]:
        """Alarms, latest raised first; those that were open at a time or later."""
        a = AlarmRow
        query = select(*a.__table__.columns).order_by(a.id.desc()).limit(limit)
        if after is not None:
            query = query.where(a.id < after.id)
        if open_only:
            query = query.where(a.cleared_us.is_(None))
        if since_us is not None:
            query = query.where(or_(a.cleared_us.is_(None), a.cleared_us >= since_us))
        return [alarm_of(row) for row in self._connection.execute(query)]

    def alarm(self, number: int) -> Alarm | None:
        """An alarm by its number."""
        row = self._connection.execute(select(*AlarmRow.__table__.columns).where(AlarmRow.id == number)).first()
        return None if row is None else alarm_of(row)

    def add_alarm(self, draft: Alarm) -> Alarm:
        """Store a new alarm; gives it with its number."""
        values = {name: value for name, value in alarm_columns(draft).items() if name != "id"}
        key = self._connection.execute(insert(AlarmRow), values).inserted_primary_key
        assert key is not None  # noqa: S101 - the table has one
        return replace(draft, id=key[0])

    def save_alarm(self, alarm: Alarm) -> None:
        """Store what became of an alarm."""
        self._connection.execute(update(AlarmRow).where(AlarmRow.id == alarm.id).values(**alarm_columns(alarm)))

    def add_transition(self, transition: AlarmTransition) -> None:
        """Record what happened to an alarm."""
        values = {f.name: getattr(transition, f.name) for f in fields(transition) if f.name != "alarm"}
        self._connection.execute(insert(AlarmTransitionRow), values | {"alarm_id": transition.alarm})

    def transitions(self, alarm: int) -> list[AlarmTransition]:
        """What happened to an alarm, in its order."""
        t = AlarmTransitionRow
        rows = self._connection.execute(select(*t.__table__.columns).where(t.alarm_id == alarm).order_by(t.id))
        return [
            AlarmTransition(alarm=row.alarm_id, act=row.act, at_us=row.at_us, actor=row.actor, note=row.note)
            for row in rows
        ]

    # --- phones

    def on_air(self, *, limit: int = 1000) -> list[OnAir]:
        """The phones that count as still heard."""
        a = AlertRow
        columns = (a.wing, a.technology, a.freq_lower_hz, a.freq_upper_hz)
        rows = self._connection.execute(select(*columns).where(a.active.is_(True)).limit(limit))
        return [OnAir(**row._asdict()) for row in rows]

    def phone_tests(self) -> dict[str, PhoneTest]:
        """The last test of each test phone, by its name."""
        rows = self._connection.execute(select(*PhoneTestRow.__table__.columns))
        return {row.name: PhoneTest(**row._asdict()) for row in rows}

    def save_phone_test(self, test: PhoneTest) -> None:
        """Store the last test of a test phone."""
        row = upsert(PhoneTestRow).values(**asdict(test))
        self._connection.execute(row.on_conflict_do_update(index_elements=["name"], set_=asdict(test)))

    def was_heard(
        self, sensors: Sequence[str], technology: Technology, channel: str | None, *, begin_us: int, end_us: int
    ) -> bool:
        """Whether one of some sensors heard a phone within a span, on a channel if one is named."""
        d = DetectionRow
        wanted = [d.sensor.in_(sensors), d.technology == technology, d.start_us < end_us, d.end_us >= begin_us]
        # Detections are found by their beginning; none lasts longer than a day.
        wanted.append(d.start_us >= begin_us - 86_400_000_000)
        if channel is not None:
            wanted.append(d.channel == channel)
        return self._connection.scalar(select(func.count()).select_from(d).where(*wanted).limit(1)) != 0

    # --- coverage

    def save_coverage(self, rows: Iterable[Coverage]) -> None:
        """Keep what could have been heard within an hour, in place of what was kept of it before."""
        for coverage in rows:
            values = {name: getattr(coverage, name) for name in COVERAGE}
            values["chances"] = dict(coverage.chances)
            row = upsert(CoverageRow).values(**values)
            self._connection.execute(row.on_conflict_do_update(index_elements=["hour_us", "wing", "band"], set_=values))

    def coverage(
        self, *, begin_us: int, end_us: int, limit: int, wing: str | None = None, band: str | None = None
    ) -> list[Coverage]:
        """What could have been heard, hour by hour from the first one on."""
        c = CoverageRow
        query = select(*c.__table__.columns).where(c.hour_us >= begin_us, c.hour_us < end_us)
        if wing is not None:
            query = query.where(c.wing == wing)
        if band is not None:
            query = query.where(c.band == band)
        rows = self._connection.execute(query.order_by(c.hour_us, c.wing, c.band).limit(limit))
        return [Coverage(**{name: getattr(row, name) for name in COVERAGE}) for row in rows]

    def first_hour_us(self) -> int | None:
        """The first hour of which anything is kept."""
        return self._connection.scalar(select(func.min(CoverageRow.hour_us)))


@lru_cache(maxsize=512)
def watch_of(data: bytes) -> Watch:
    """What is remembered of a sensor, from its bytes; the beginning if an older hub wrote them otherwise."""
    try:
        return build(Watch, json.loads(data))
    except (StrictError, ValueError):
        return BEGINNING


def alarm_columns(alarm: Alarm) -> dict[str, Any]:
    """An alarm as a row."""
    return {name: getattr(alarm, name) for name in ALARM} | {"facts": dict(alarm.facts)}


def alarm_of(row: AnyRow) -> Alarm:
    """An alarm from its row."""
    return Alarm(**{name: getattr(row, name) for name in ALARM})
