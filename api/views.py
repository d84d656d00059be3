"""What callers are given, as JSON: the shapes of the lists and of the feed's messages, and how values become them.

Fields are added to, never renamed. Times are RFC 3339 in UTC.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, PlainSerializer

from api.actors import Actor, ActorKind
from api.alerts import Alert, AlertState, Outcome, Priority, Withheld
from api.alerts_life import Act, Transition
from api.levels import Level, LevelKind
from api.places import Location
from api.reasons import reasons
from api.rows import StoredDetection
from api.shelving import Shelf, ShelfKind
from api.standing import Comparison, Standing, sentence
from api.states import BandStanding, SensorState, SensorStatus, WingCounts, WingState, wing_state
from api.watching import Watch, WatchRules
from detector.site import Site, Wing
from detector.times import format_utc, from_microseconds
from detector.types import Activity, Label, Technology

__all__ = [
    "ActorView",
    "AlertView",
    "AntennaWatch",
    "BandView",
    "CellView",
    "DetectionView",
    "Health",
    "Listing",
    "LocationView",
    "Page",
    "Receipt",
    "SensorView",
    "ShelfView",
    "StandingView",
    "TransitionView",
    "Utc",
    "View",
    "WingView",
    "actor_view",
    "alert_view",
    "detection_view",
    "instant",
    "sensor_view",
    "shelf_view",
    "standing_view",
    "transition_view",
    "wing_view",
]

T = TypeVar("T")

Utc = Annotated[datetime, PlainSerializer(format_utc, return_type=str)]
"""Told to the microsecond always, so that times sort as text."""


BEAT: Final = (
    "sample_rate_hz",
    "centre_hz",
    "noise_floor_dbfs",
    "gaps",
    "clipped_share",
    "queue",
    "profile",
    "lost",
    "gain_db",
    "noise_steps",
    "clock_error_s",
    "alarm",
    "reference_hz",
    "reference_dbfs",
)
"""What of a heartbeat is told as it came."""

SHELVED: Final = "Its alerts are not announced: the wing is shelved."


class View(BaseModel):
    """Root of all shapes."""

    model_config = ConfigDict(frozen=True)


class Page(View, Generic[T]):
    """A piece of a list; ``next`` is the cursor of the following piece, ``event_id`` the feed's place before it was read."""

    items: list[T]
    next: str | None
    event_id: int


class Listing(View, Generic[T]):
    """A whole list that is short by its nature."""

    items: list[T]


class Health(View):
    """The hub itself: ``stalled`` once it no longer does what time asks for, which it last did at ``swept_utc``."""

    status: str
    version: str
    simulated: bool
    site: str
    time_zone: str
    now: Utc
    swept_utc: Utc | None


class Receipt(View):
    """What became of a batch: detections stored by this request, and whether it had come before."""

    stored: int
    duplicate: bool


class BandView(View):
    """A band of a wing: how it stands and why, and how much of it was listened to within one round of the plan."""

    name: str
    state: WingState
    why: str
    heard_share: float
    sensors: int
    hearing: int


class AntennaWatch(StrEnum):
    """Whether a lost antenna would be noticed."""

    NONE = "no-reference"  # no reference carrier is measured
    LEARNING = "learning"
    WATCHED = "watched"


class WingView(View):
    """A wing as staff see it; ``unwatched`` are the sensors at which a lost antenna would not be noticed."""

    name: str
    title: str
    state: WingState
    sensors: int
    sensors_fresh: int
    active_alerts: int
    last_alert_utc: Utc | None
    why: str
    bands: list[BandView]
    unwatched: list[str]
    shelved_until_utc: Utc | None


class SensorView(View):
    """A sensor, without its place."""

    name: str
    wing: str | None
    state: SensorState
    last_seen_utc: Utc | None
    sample_rate_hz: float | None
    centre_hz: float | None
    noise_floor_dbfs: float | None
    gaps: int | None
    clipped_share: float | None
    queue: int | None
    profile: str | None
    lost: int | None
    gain_db: float | None
    noise_steps: float | None
    clock_error_s: float | None
    alarm: str | None
    reference_hz: float | None
    reference_dbfs: float | None
    usual_floor_dbfs: float | None
    antenna: AntennaWatch
    shelved_until_utc: Utc | None


class CellView(View):
    """A cell in which a phone may be."""

    name: str
    wing: str
    landing: str
    probability: float


class LocationView(View):
    """Where a phone probably is.

    No cells while too little is known; ``why`` says what it is made of. ``heard`` are the sensors that heard it, ``silent``
    those that listened in vain.
    """

    cells: list[CellView]
    wings: dict[str, float]
    permitted: float
    outside: float
    heard: list[str]
    silent: list[str]
    why: str


class AlertView(View):
    """One probable phone in one wing for one episode; ``wing`` is null if it is probably outside."""

    id: int
    wing: str | None
    state: AlertState
    active: bool
    opened_utc: Utc
    updated_utc: Utc
    ended_utc: Utc | None
    technology: Technology
    kinds: list[Label]
    activity: Activity
    channel: str | None
    freq_lower_hz: float
    freq_upper_hz: float
    snr_db: float
    score: float
    sensors: list[str]
    detections: int
    why: str
    merged_into: int | None
    version: int
    outcome: Outcome | None
    escalated_utc: Utc | None
    location: LocationView | None
    priority: Priority
    announced_utc: Utc | None
    announcements: int
    withheld: Withheld | None
    reasons: list[str]


class ActorView(View):
    """Who did something; a name that is not verified is what somebody said."""

    name: str
    kind: ActorKind
    verified: bool


class StandingView(View):
    """The standing alarm of a busy wing; ``wing`` is null for what is outside, ``usual`` while too little is recorded."""

    id: int
    wing: str | None
    began_utc: Utc
    ended_utc: Utc | None
    alerts: int
    minutes: float
    usual: float | None
    comparison: Comparison
    cells: dict[str, float]
    acknowledged_utc: Utc | None
    acknowledged_by: ActorView | None
    escalated_utc: Utc | None
    why: str


class ShelfView(View):
    """A sensor or a wing whose alerts are not announced for a time."""

    id: int
    kind: ShelfKind
    name: str
    reason: str
    asked_utc: Utc
    asked_by: ActorView
    until_utc: Utc
    since_utc: Utc | None
    confirmed_by: ActorView | None
    ended_utc: Utc | None
    ended_by: ActorView | None


class TransitionView(View):
    """Something that was done to an alert; ``version`` is the alert's after it."""

    alert: int
    version: int
    act: Act
    before: AlertState
    after: AlertState
    at_utc: Utc
    actor: ActorView
    note: str
    outcome: Outcome | None
    cell: str | None


class DetectionView(View):
    """A detection as its sensor sent it, with the number of its alert."""

    id: int
    sensor: str
    wing: str | None
    boot: str
    sequence: int
    alert: int | None
    technology: Technology
    kinds: list[Label]
    activity: Activity
    start_s: float
    end_s: float
    start_utc: Utc
    end_utc: Utc
    freq_lower_hz: float
    freq_upper_hz: float
    channel: str | None
    bursts: int
    snr_db: float
    power_dbfs: float
    score: float
    parts: dict[str, float]
    clipped: bool
    emission: int
    part: int
    last: bool
    profile: str
    gain_db: float | None
    power_dbm: float | None


def location_view(location: Location, *, site: Site) -> LocationView:
    """Where a phone probably is, as callers see it; cells that have left the site are left out."""
    known = {cell.name: cell for cell in site.cells}
    return LocationView(
        cells=[
            CellView(name=name, wing=known[name].wing, landing=known[name].landing, probability=chance)
            for name, chance in location.cells.items()
            if name in known
        ],
        wings=dict(location.wings),
        permitted=location.permitted,
        outside=location.outside,
        heard=list(location.evidence.levels_db),
        silent=list(location.evidence.limits_db),
        why=location.why,
    )


def alert_view(alert: Alert, *, site: Site) -> AlertView:
    """An alert as callers see it."""
    made = {"opened_utc", "updated_utc", "ended_utc", "escalated_utc", "announced_utc"}
    made |= {"kinds", "sensors", "location", "reasons"}
    updated_utc = from_microseconds(alert.updated_us)
    return AlertView(
        **{name: getattr(alert, name) for name in AlertView.model_fields.keys() - made},
        kinds=list(alert.kinds),
        sensors=list(alert.sensors),
        opened_utc=from_microseconds(alert.opened_us),
        updated_utc=updated_utc,
        ended_utc=None if alert.active else updated_utc,
        escalated_utc=instant(alert.escalated_us),
        location=None if alert.location is None else location_view(alert.location, site=site),
        announced_utc=instant(alert.announced_us),
        reasons=list(reasons(alert)),
    )


def actor_view(actor: Actor) -> ActorView:
    """Who did something, as callers see it."""
    return ActorView(name=actor.name, kind=actor.kind, verified=actor.verified)


def standing_view(alarm: Standing, *, window_us: int) -> StandingView:
    """A standing alarm as callers see it."""
    minutes = window_us / 60e6
    by = alarm.acknowledged_by
    return StandingView(
        id=alarm.id,
        wing=alarm.wing,
        began_utc=from_microseconds(alarm.began_us),
        ended_utc=instant(alarm.ended_us),
        minutes=minutes,
        alerts=alarm.busyness.alerts,
        usual=alarm.busyness.usual,
        comparison=alarm.busyness.comparison,
        cells=dict(alarm.busyness.cells),
        acknowledged_utc=instant(alarm.acknowledged_us),
        acknowledged_by=None if by is None else actor_view(by),
        escalated_utc=instant(alarm.escalated_us),
        why=sentence(alarm, minutes=minutes),
    )


def shelf_view(shelf: Shelf) -> ShelfView:
    """A shelf as callers see it."""
    by = {name: getattr(shelf, name) for name in ("confirmed_by", "ended_by")}
    return ShelfView(
        id=shelf.id,
        kind=shelf.kind,
        name=shelf.name,
        reason=shelf.reason,
        asked_utc=from_microseconds(shelf.asked_us),
        asked_by=actor_view(shelf.asked_by),
        until_utc=from_microseconds(shelf.until_us),
        since_utc=instant(shelf.since_us),
        ended_utc=instant(shelf.ended_us),
        **{name: None if actor is None else actor_view(actor) for name, actor in by.items()},
    )


def transition_view(transition: Transition) -> TransitionView:
    """A transition as callers see it."""
    names = TransitionView.model_fields.keys() - {"at_utc", "actor"}
    return TransitionView(
        **{name: getattr(transition, name) for name in names},
        at_utc=from_microseconds(transition.at_us),
        actor=actor_view(transition.actor),
    )


def instant(time_us: int | None) -> datetime | None:
    """A time, if there is one."""
    return None if time_us is None else from_microseconds(time_us)


def detection_view(stored: StoredDetection, *, site: Site) -> DetectionView:
    """A detection as callers see it."""
    own = {"id", "sensor", "boot", "sequence", "alert"}
    names = DetectionView.model_fields.keys() - own - {"wing", "kinds", "parts"}
    return DetectionView(
        **{name: getattr(stored, name) for name in own},
        **{name: getattr(stored.detection, name) for name in names},
        wing=next((place.wing for place in site.sensors if place.name == stored.sensor), None),
        kinds=list(stored.detection.kinds),
        parts=dict(stored.detection.parts),
    )


def sensor_view(
    name: str,
    *,
    wing: str | None,
    state: SensorState,
    status: SensorStatus | None,
    watch: Watch | None,
    rules: WatchRules,
    shelved_until_us: int | None = None,
) -> SensorView:
    """A sensor as callers see it."""
    floor = None if watch is None or status is None else usual_floor(watch, status)
    return SensorView(
        name=name,
        wing=wing,
        state=state,
        last_seen_utc=None if status is None else from_microseconds(status.seen_us),
        usual_floor_dbfs=None if floor is None or not floor.is_known(rules.floor) else round(floor.usual_db, 1),
        antenna=antenna_watch(watch, rules),
        shelved_until_utc=instant(shelved_until_us),
        **{field: None if status is None else getattr(status.heartbeat, field) for field in BEAT},
    )


def usual_floor(watch: Watch, status: SensorStatus) -> Level | None:
    """What was learned of the noise floor where a sensor is tuned."""
    centre_hz = status.heartbeat.centre_hz or 0.0
    floors = [
        level
        for level in watch.levels
        if level.kind is LevelKind.FLOOR and level.frequency_hz == centre_hz and level.seen_us == status.received_us
    ]
    return floors[0] if floors else None


def antenna_watch(watch: Watch | None, rules: WatchRules) -> AntennaWatch:
    """Whether a lost antenna would be noticed at a sensor."""
    references = [level for level in watch.levels if level.kind is LevelKind.REFERENCE] if watch is not None else []
    if not references:
        return AntennaWatch.NONE
    known = any(level.is_known(rules.reference) for level in references)
    return AntennaWatch.WATCHED if known else AntennaWatch.LEARNING


def wing_view(
    wing: Wing,
    *,
    sensors: Mapping[str, SensorState],
    counts: WingCounts,
    bands: Sequence[BandStanding] = (),
    unwatched: Sequence[str] = (),
    shelved_until_us: int | None = None,
) -> WingView:
    """A wing as staff see it.

    Parameters
    ----------
    sensors
        State of each sensor that stands in it.
    bands
        How each of its bands stands; the one without a name is not told.
    unwatched
        Sensors at which a lost antenna would not be noticed.
    """
    state, why = wing_state(sensors, counts, bands)
    return WingView(
        name=wing.name,
        title=wing.title,
        state=state,
        sensors=len(sensors),
        sensors_fresh=sum(s is SensorState.FRESH for s in sensors.values()),
        active_alerts=counts.active,
        last_alert_utc=instant(counts.last_us),
        why=why if shelved_until_us is None else f"{why} {SHELVED}",
        bands=[BandView(**picked(band)) for band in bands if band.name],
        unwatched=list(unwatched),
        shelved_until_utc=instant(shelved_until_us),
    )


def picked(band: BandStanding) -> dict[str, Any]:
    """A band's fields; its share is told in whole hundredths, so that a scan's rhythm is no news."""
    return {name: getattr(band, name) for name in BandView.model_fields} | {"heard_share": round(band.heard_share, 2)}
