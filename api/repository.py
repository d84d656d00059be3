"""Every query of the hub, on a connection whose transaction belongs to the caller: rows to values and back.

Nothing here decides or commits.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from api.alarm_book import AlarmBook
from api.alerts import Alert, AlertState, Summary
from api.journal import Journal
from api.models import AlertRow, BatchRow, ChangeRow, DetectionRow, EmissionRow, LearnedRow, SensorRow, ToldRow
from api.outgoing import Outgoing
from api.rows import (
    REPORT,
    Change,
    Place,
    StoredDetection,
    alert_columns,
    alert_of,
    detection_columns,
    report_columns,
    report_of,
    status_columns,
    status_of,
    stored_detection,
)
from api.states import SensorStatus, WingCounts
from api.watch_book import WatchBook
from detector.fusion import Key, Report, gathered, most_telling
from detector.times import to_microseconds
from detector.types import Activity, Label, Technology
from detector.wire import Batch

__all__ = ["Repository"]

ALERTS: Final = tuple(AlertRow.__table__.columns)
DETECTIONS: Final = tuple(DetectionRow.__table__.columns)
REPORTS: Final = (*(EmissionRow.__table__.c[name] for name in REPORT), EmissionRow.__table__.c.alert_id)
SENSORS: Final = tuple(SensorRow.__table__.columns)

LOCATION: Final = "location"

CHUNK: Final = 200
"""Keys asked for at once, far below SQLite's limit of parameters."""


def loudest_of_sensors() -> Select[Any]:
    """Of each of some alerts and each sensor the loudest report, which bears what all of them add up to."""
    e = EmissionRow.__table__.c
    of_sensor = (e.alert_id, e.sensor)
    totals = {
        name: add(e[name]).over(partition_by=of_sensor).label(name)
        for name, add in (
            ("start_us", func.min),
            ("end_us", func.max),
            ("score", func.max),
            ("bursts", func.sum),
            ("detections", func.sum),
        )
    }
    louder = (e.power_dbfs.desc(), e.boot.desc(), e.emission.desc())
    ranked = select(
        *(totals.get(name, e[name]) for name in REPORT),
        e.alert_id,
        func.count().over(partition_by=of_sensor).label("emissions"),
        func.row_number().over(partition_by=of_sensor, order_by=louder).label("place"),
    ).where(e.alert_id.in_(bindparam("alerts", expanding=True)))
    each = ranked.subquery()
    return select(each).where(each.c.place == 1)


LOUDEST: Final = loudest_of_sensors()

T = TypeVar("T")


class Repository:
    """Queries on one connection.

    Those about what people did are in ``journal``, those about announcing in ``alarms``, about the system watching
    itself in ``watching``, and about notices on their way out in ``outgoing``.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.journal = Journal(connection)
        self.alarms = AlarmBook(connection)
        self.watching = WatchBook(connection)
        self.outgoing = Outgoing(connection)

    # --- batches and detections

    def batch_digest(self, sensor: str, boot: str, sequence: int) -> bytes | None:
        """Digest of a batch's bytes, None if it was not stored."""
        return self._connection.scalar(
            select(BatchRow.digest).where(
                BatchRow.sensor == sensor, BatchRow.boot == boot, BatchRow.sequence == sequence
            )
        )

    def add_batch(self, batch: Batch, *, digest: bytes, received_us: int) -> None:
        """Store a batch with its detections."""
        origin = {"sensor": batch.sensor, "boot": batch.boot, "sequence": batch.sequence}
        sent_us = to_microseconds(batch.sent_utc)
        self._connection.execute(
            insert(BatchRow),
            origin
            | {"digest": digest, "detections": len(batch.detections), "sent_us": sent_us, "received_us": received_us},
        )
        if batch.detections:
            rows = [origin | {"position": at} | detection_columns(d) for at, d in enumerate(batch.detections)]
            self._connection.execute(insert(DetectionRow), rows)

    def oldest_bare_batch_us(self) -> int | None:
        """When the oldest batch without detections came; None if there is none."""
        return self._connection.scalar(select(func.min(BatchRow.received_us)).where(BatchRow.detections == 0))

    def drop_bare_batches(self, before_us: int) -> None:
        """Forget the batches without detections that came before a time."""
        self._connection.execute(delete(BatchRow).where(BatchRow.detections == 0, BatchRow.received_us < before_us))

    def detections(
        self,
        *,
        limit: int,
        after: Place | None = None,
        sensors: Sequence[str] | None = None,
        technology: Technology | None = None,
        since_us: int | None = None,
        until_us: int | None = None,
    ) -> list[StoredDetection]:
        """Detections, latest start first.

        Parameters
        ----------
        sensors
            Of these alone.
        since_us, until_us
            That began at or after the one and before the other.
        """
        d = DetectionRow
        wanted: list[ColumnElement[bool]] = []
        if after is not None:
            wanted.append(tuple_(d.start_us, d.id) < (after.time_us, after.id))
        if sensors is not None:
            wanted.append(d.sensor.in_(sensors))
        if technology is not None:
            wanted.append(d.technology == technology)
        if since_us is not None:
            wanted.append(d.start_us >= since_us)
        if until_us is not None:
            wanted.append(d.start_us < until_us)
        owner = (EmissionRow.sensor == d.sensor) & (EmissionRow.boot == d.boot) & (EmissionRow.emission == d.emission)
        query = (
            select(*DETECTIONS, EmissionRow.alert_id)
            .outerjoin(EmissionRow, owner)
            .where(*wanted)
            .order_by(d.start_us.desc(), d.id.desc())
            .limit(limit)
        )
        return [stored_detection(row) for row in self._connection.execute(query)]

    # --- reports: emissions as sensors heard them

    def reports(self, keys: Iterable[Key]) -> dict[Key, Report]:
        """The reports of those keys that are known."""
        found: dict[Key, Report] = {}
        key = tuple_(EmissionRow.sensor, EmissionRow.boot, EmissionRow.emission)
        for chunk in chunks(list(keys)):
            rows = self._connection.execute(select(*REPORTS).where(key.in_(chunk)))
            found |= {report.key: report for report in map(report_of, rows)}
        return found

    def reports_between(
        self, technology: Technology, begin_us: int, end_us: int, *, limit: int
    ) -> tuple[list[Report], dict[Key, int]]:
        """Reports that were heard within a span, at most the last ``limit``, and the alert of each that has one."""
        e = EmissionRow
        within = (e.technology == technology, e.end_us >= begin_us, e.start_us <= end_us)
        query = select(*REPORTS).where(*within).order_by(e.end_us.desc()).limit(limit)
        rows = self._connection.execute(query).all()
        reports = [report_of(row) for row in rows]
        owners = {r.key: row.alert_id for r, row in zip(reports, rows, strict=True) if row.alert_id is not None}
        return reports, owners

    def summaries_of(self, alerts: Iterable[int]) -> dict[int, Summary]:
        """What all reports of each of some alerts tell together; the database adds them up, however many there are."""
        found: dict[int, list[tuple[Report, int]]] = {}
        for chunk in chunks(sorted(alerts)):
            told = self._doings_of(chunk)
            for row in self._connection.execute(LOUDEST, {"alerts": chunk}):
                kinds, activities = told[row.alert_id, row.sensor]
                report = replace(report_of(row), kinds=tuple(sorted(kinds)), activity=most_telling(activities))
                found.setdefault(row.alert_id, []).append((report, row.emissions))
        return {
            number: Summary(gathered(report for report, _ in told), sum(count for _, count in told))
            for number, told in found.items()
        }

    def _doings_of(self, alerts: Sequence[int]) -> dict[tuple[int, str], tuple[set[Label], set[Activity]]]:
        """The kinds of bursts and the activities that each sensor told of each of some alerts."""
        e = EmissionRow
        query = select(e.alert_id, e.sensor, e.kinds, e.activity).where(e.alert_id.in_(alerts)).distinct()
        found: dict[Any, tuple[set[Label], set[Activity]]] = {}
        for alert, sensor, kinds, activity in self._connection.execute(query):
            labels, activities = found.setdefault((alert, sensor), (set(), set()))
            labels.update(kinds)
            activities.add(activity)
        return found

    def levels_of(self, alerts: Iterable[int]) -> dict[int, dict[str, float]]:
        """The loudest level at each sensor, of each of some alerts."""
        e = EmissionRow
        found: dict[Any, dict[str, float]] = {}
        for chunk in chunks(sorted(alerts)):
            query = select(e.alert_id, e.sensor, func.max(e.power_dbfs)).where(e.alert_id.in_(chunk))
            for row in self._connection.execute(query.group_by(e.alert_id, e.sensor)):
                found.setdefault(row[0], {})[row[1]] = row[2]
        return found

    def save_reports(self, fresh: Iterable[Report], grown: Iterable[Report]) -> None:
        """Store reports: those whose emission is new, and those that are known and have grown."""
        if rows := [report_columns(report) for report in fresh]:
            self._connection.execute(insert(EmissionRow), rows)
        if rows := [report_columns(report) for report in grown]:
            self._update(EmissionRow.__table__, rows)

    def assign(self, alerts: Mapping[Key, int]) -> None:
        """Give reports to alerts."""
        rows = [{"sensor": s, "boot": b, "emission": e, "alert_id": alert} for (s, b, e), alert in alerts.items()]
        self._update(EmissionRow.__table__, rows)

    def reassign(self, alert: int, *, into: int) -> None:
        """Give all reports of one alert to another one."""
        self._connection.execute(update(EmissionRow).where(EmissionRow.alert_id == alert).values(alert_id=into))

    # --- alerts

    def alert(self, number: int) -> Alert | None:
        """An alert by its number."""
        return self.alerts_by_number([number]).get(number)

    def alerts_by_number(self, numbers: Iterable[int]) -> dict[int, Alert]:
        """The alerts of those numbers that are known."""
        found: dict[int, Alert] = {}
        for chunk in chunks(sorted(set(numbers))):
            rows = self._connection.execute(select(*ALERTS).where(AlertRow.id.in_(chunk)))
            found |= {row.id: alert_of(row) for row in rows}
        return found

    def alerts(
        self,
        *,
        limit: int,
        after: Place | None = None,
        wing: str | None = None,
        state: AlertState | None = None,
        since_us: int | None = None,
        active: bool | None = None,
    ) -> list[Alert]:
        """Alerts that were not merged into another one, latest opened first.

        Parameters
        ----------
        since_us
            Whose phone was heard at this time or later.
        active
            Whose phone counts as still heard, or does not.
        """
        a = AlertRow
        wanted: list[ColumnElement[bool]] = [a.merged_into.is_(None)]
        if after is not None:
            wanted.append(tuple_(a.opened_us, a.id) < (after.time_us, after.id))
        if wing is not None:
            wanted.append(a.wing == wing)
        if state is not None:
            wanted.append(a.state == state)
        if since_us is not None:
            wanted.append(a.updated_us >= since_us)
        if active is not None:
            wanted.append(a.active.is_(active))
        query = select(*ALERTS).where(*wanted).order_by(a.opened_us.desc(), a.id.desc()).limit(limit)
        return [alert_of(row) for row in self._connection.execute(query)]

    def active_alerts(self, *, limit: int) -> list[Alert]:
        """Alerts whose phone counts as still heard, the latest heard first; closed ones never do."""
        query = select(*ALERTS).where(AlertRow.active.is_(True)).order_by(AlertRow.updated_us.desc()).limit(limit)
        return [alert_of(row) for row in self._connection.execute(query)]

    def silent_alerts(self, *, before_us: int, after_us: int) -> list[Alert]:
        """Active alerts whose phone was last heard before the one time, or after the other."""
        a = AlertRow
        silent = or_(a.updated_us < before_us, a.updated_us > after_us)
        rows = self._connection.execute(select(*ALERTS).where(a.active.is_(True), silent))
        return [alert_of(row) for row in rows]

    def waiting_alerts(self, *, until_us: int) -> list[Alert]:
        """Open alerts that have waited since that time or earlier, and were not escalated."""
        a = AlertRow
        waits = (a.state == AlertState.OPEN, a.waiting_us <= until_us, a.escalated_us.is_(None))
        return [alert_of(row) for row in self._connection.execute(select(*ALERTS).where(*waits))]

    def untaught(self, *, limit: int) -> list[Alert]:
        """Alerts that are over, were placed, and were not learned from yet; the first ones."""
        a = AlertRow
        wanted = (a.taught.is_(False), a.active.is_(False), a.merged_into.is_(None), a.location.is_not(None))
        rows = self._connection.execute(select(*ALERTS).where(*wanted).order_by(a.id).limit(limit))
        return [alert_of(row) for row in rows]

    def mark_taught(self, alerts: Iterable[int]) -> None:
        """Note that alerts were learned from."""
        for chunk in chunks(sorted(alerts)):
            self._connection.execute(update(AlertRow).where(AlertRow.id.in_(chunk)).values(taught=True))

    def learned(self) -> bytes | None:
        """What was learned of the site."""
        return self._connection.scalar(select(LearnedRow.data).where(LearnedRow.name == LOCATION))

    def learned_key(self) -> str | None:
        """Names the ground of which something was learned."""
        return self._connection.scalar(select(LearnedRow.key).where(LearnedRow.name == LOCATION))

    def save_learned(self, data: bytes, *, key: str, at_us: int) -> None:
        """Keep what was learned of a ground, in place of what was."""
        self._connection.execute(delete(LearnedRow).where(LearnedRow.name == LOCATION))
        self._connection.execute(insert(LearnedRow), {"name": LOCATION, "key": key, "data": data, "at_us": at_us})

    def forget_learned(self) -> None:
        """Forget what was learned, so that it is learned anew from all alerts."""
        self._connection.execute(delete(LearnedRow).where(LearnedRow.name == LOCATION))
        self._connection.execute(update(AlertRow).where(AlertRow.taught.is_(True)).values(taught=False))

    def add_alert(self, draft: Alert) -> Alert:
        """Store a new alert; gives it with its number."""
        values = {name: value for name, value in alert_columns(draft).items() if name != "id"}
        key = self._connection.execute(insert(AlertRow), values).inserted_primary_key
        assert key is not None  # noqa: S101 - the table has one
        return replace(draft, id=key[0])

    def save_alerts(self, alerts: Iterable[Alert]) -> None:
        """Store what became of alerts."""
        self._update(AlertRow.__table__, [alert_columns(alert) for alert in alerts])

    def wing_counts(self, wings: Iterable[str]) -> dict[str | None, WingCounts]:
        """Alerts of some wings."""
        a = AlertRow
        active = self._by_wing(a.active.is_(True))
        waiting = self._by_wing(a.state == AlertState.OPEN)
        latest = select(func.max(a.updated_us)).where(a.merged_into.is_(None))
        return {
            wing: WingCounts(
                active=active.get(wing, 0),
                unacknowledged=waiting.get(wing, 0),
                last_us=self._connection.scalar(latest.where(a.wing == wing)),
            )
            for wing in wings
        }

    def _by_wing(self, condition: ColumnElement[bool]) -> dict[str | None, int]:
        rows = self._connection.execute(select(AlertRow.wing, func.count()).where(condition).group_by(AlertRow.wing))
        return {row[0]: row[1] for row in rows}

    # --- sensors

    def sensors(self) -> dict[str, SensorStatus]:
        """The last that each sensor said of itself, by its name."""
        rows = self._connection.execute(select(*SENSORS))
        return {row.name: status_of(row) for row in rows}

    def save_sensor(self, status: SensorStatus, *, known: bool) -> None:
        """Store what a sensor said of itself; ``known`` tells that it spoke before."""
        if known:
            self._update(SensorRow.__table__, [status_columns(status)])
        else:
            self._connection.execute(insert(SensorRow), status_columns(status))

    # --- the feed

    def add_changes(self, kind: str, data: Iterable[str], *, at_us: int) -> None:
        """Add messages to the feed."""
        self._connection.execute(insert(ChangeRow), [{"kind": kind, "at_us": at_us, "data": text} for text in data])

    def changes(self, after: int, *, limit: int) -> list[Change]:
        """Messages behind a number, in their order."""
        c = ChangeRow
        rows = self._connection.execute(select(c.id, c.kind, c.data).where(c.id > after).order_by(c.id).limit(limit))
        return [Change(id=row.id, kind=row.kind, data=row.data) for row in rows]

    def change_range(self) -> tuple[int, int]:
        """Numbers of the oldest and the newest message; zeros before the first one."""
        oldest = self._connection.scalar(select(func.min(ChangeRow.id)))
        newest = self._connection.scalar(select(func.max(ChangeRow.id)))
        return oldest or 0, newest or 0

    def drop_changes(self, before: int) -> None:
        """Forget the messages before a number."""
        self._connection.execute(delete(ChangeRow).where(ChangeRow.id < before))

    def told(self) -> dict[tuple[str, str], str]:
        """What was last told, by kind and name."""
        rows = self._connection.execute(select(ToldRow.kind, ToldRow.name, ToldRow.essence))
        return {(kind, name): essence for kind, name, essence in rows}

    def save_told(self, told: Mapping[tuple[str, str], str], *, known: Iterable[tuple[str, str]]) -> None:
        """Store what was told; ``known`` are those of which something was told before."""
        before = set(known)
        rows = [{"kind": kind, "name": name, "essence": told[kind, name]} for kind, name in told]
        if fresh := [row for row in rows if (row["kind"], row["name"]) not in before]:
            self._connection.execute(insert(ToldRow), fresh)
        self._update(ToldRow.__table__, [row for row in rows if (row["kind"], row["name"]) in before])

    def _update(self, table: FromClause, rows: Sequence[Mapping[str, Any]]) -> None:
        """Update rows by their primary keys, all in one statement; they have the same columns."""
        if not rows:
            return
        keys = {column.name for column in table.primary_key}
        statement = (
            update(cast("Table", table))
            .where(*(table.c[key] == bindparam(f"key_{key}") for key in keys))
            .values({name: bindparam(name) for name in rows[0] if name not in keys})
        )
        renamed = [{f"key_{name}" if name in keys else name: value for name, value in row.items()} for row in rows]
        self._connection.execute(statement, renamed)


def chunks(keys: Sequence[T]) -> Iterator[Sequence[T]]:
    """Keys in pieces that one query may bear."""
    for begin in range(0, len(keys), CHUNK):
        yield keys[begin : begin + CHUNK]
