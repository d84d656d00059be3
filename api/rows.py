"""Rows of the database as values, and values as rows; what is stored beside them for the database's own sake stays here."""

from dataclasses import dataclass, fields
from typing import Any, Final, TypeAlias

from sqlalchemy import Row

from api.actors import Actor
from api.alerts import Alert
from api.alerts_life import Transition
from api.shelving import Shelf
from api.standing import Standing
from api.states import SensorStatus
from detector.fusion import Report
from detector.times import from_microseconds, to_microseconds
from detector.wire import Heartbeat, SensorDetection

__all__ = [
    "REPORT",
    "AnyRow",
    "Change",
    "Place",
    "SiteVersion",
    "StoredDetection",
    "alert_columns",
    "alert_of",
    "detection_columns",
    "report_columns",
    "report_of",
    "shelf_columns",
    "shelf_of",
    "site_columns",
    "site_of",
    "standing_columns",
    "standing_of",
    "status_columns",
    "status_of",
    "stored_detection",
    "transition_columns",
    "transition_of",
]


AnyRow: TypeAlias = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a list that is ordered by time and number: what comes next is earlier than this."""

    time_us: int
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDetection:
    """A detection, where it came from, and the alert that it belongs to."""

    id: int
    sensor: str
    boot: str
    sequence: int
    alert: int | None
    detection: SensorDetection


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One message of the feed; ``data`` is JSON."""

    id: int
    kind: str
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteVersion:
    """A version of the site; ``source`` is ``file`` or ``api``, ``digest`` the SHA-256 of its bytes."""

    id: int
    source: str
    digest: str
    data: bytes
    at_us: int
    actor: Actor


ALERT: Final = tuple(f.name for f in fields(Alert))
BEAT: Final = tuple(f.name for f in fields(Heartbeat))
DETECTION: Final = tuple(f.name for f in fields(SensorDetection) if not f.name.endswith("_utc"))
REPORT: Final = tuple(f.name for f in fields(Report))
STATUS: Final = tuple(f.name for f in fields(SensorStatus) if f.name != "heartbeat")

SHELF: Final = tuple(f.name for f in fields(Shelf))
STANDING: Final = tuple(f.name for f in fields(Standing))
SITE: Final = tuple(f.name for f in fields(SiteVersion))
TRANSITION: Final = tuple(f.name for f in fields(Transition) if f.name not in ("alert", "actor"))


def picked(value: object, names: tuple[str, ...]) -> dict[str, Any]:
    """Some attributes of a value or a row, by their names."""
    return {name: getattr(value, name) for name in names}


def alert_columns(alert: Alert) -> dict[str, Any]:
    """An alert as a row."""
    return picked(alert, ALERT) | {"cell": alert.cell}


def alert_of(row: AnyRow) -> Alert:
    """An alert from its row."""
    return Alert(**picked(row, ALERT))


def report_columns(report: Report) -> dict[str, Any]:
    """A report as a row, without the alert that it belongs to."""
    return picked(report, REPORT)


def report_of(row: AnyRow) -> Report:
    """A report from a row that begins with its columns, in the order of :data:`REPORT`; they are read by the thousand."""
    return Report(**dict(zip(REPORT, row, strict=False)))


def status_columns(status: SensorStatus) -> dict[str, Any]:
    """What is known of a sensor as a row."""
    return picked(status, STATUS) | picked(status.heartbeat, BEAT)


def status_of(row: AnyRow) -> SensorStatus:
    """What is known of a sensor from its row."""
    return SensorStatus(**picked(row, STATUS), heartbeat=Heartbeat(**picked(row, BEAT)))


def detection_columns(detection: SensorDetection) -> dict[str, Any]:
    """A detection as a row, without where it came from."""
    return picked(detection, DETECTION) | {
        "start_us": to_microseconds(detection.start_utc),
        "end_us": to_microseconds(detection.end_utc),
        "parts": dict(detection.parts),
    }


def stored_detection(row: AnyRow) -> StoredDetection:
    """A detection from its row."""
    detection = SensorDetection(
        **picked(row, DETECTION), start_utc=from_microseconds(row.start_us), end_utc=from_microseconds(row.end_us)
    )
    return StoredDetection(**picked(row, ("id", "sensor", "boot", "sequence")), alert=row.alert_id, detection=detection)


def shelf_columns(shelf: Shelf) -> dict[str, Any]:
    """A shelf as a row."""
    return picked(shelf, SHELF)


def shelf_of(row: AnyRow) -> Shelf:
    """A shelf from its row."""
    return Shelf(**picked(row, SHELF))


def site_columns(version: SiteVersion) -> dict[str, Any]:
    """A version of the site as a row, without its number."""
    return {name: value for name, value in picked(version, SITE).items() if name != "id"}


def site_of(row: AnyRow) -> SiteVersion:
    """A version of the site from its row."""
    return SiteVersion(**picked(row, SITE))


def standing_columns(alarm: Standing) -> dict[str, Any]:
    """A standing alarm as a row."""
    return picked(alarm, STANDING)


def standing_of(row: AnyRow) -> Standing:
    """A standing alarm from its row."""
    return Standing(**picked(row, STANDING))


def transition_columns(transition: Transition) -> dict[str, Any]:
    """A transition as a row."""
    return picked(transition, TRANSITION) | {"alert_id": transition.alert} | actor_columns(transition.actor)


def transition_of(row: AnyRow) -> Transition:
    """A transition from its row."""
    return Transition(**picked(row, TRANSITION), alert=row.alert_id, actor=actor_of(row))


def actor_columns(actor: Actor) -> dict[str, Any]:
    """Who did something, as columns of a row."""
    return {"actor": actor.name, "actor_kind": actor.kind, "actor_verified": actor.verified}


def actor_of(row: AnyRow) -> Actor:
    """Who did something, from a row; what the actor may do is not stored."""
    return Actor(name=row.actor, kind=row.actor_kind, verified=row.actor_verified)
