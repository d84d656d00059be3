"""The services that read: pages of alerts, detections, sensors and wings, each from one snapshot of the database.

A page bears the feed's place in that snapshot: a reader that follows the feed from there misses nothing.
"""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Final, TypeVar

from annotated_types import Ge, Le
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from api import telling
from api.alerts import Alert, AlertState
from api.errors import InvalidError, NotFoundError
from api.hub import Hub
from api.repository import Repository
from api.rows import Place, StoredDetection
from api.views import AlertView, DetectionView, Page, SensorView, WingView, alert_view, detection_view
from detector.times import parse_utc, to_microseconds
from detector.types import Technology

__all__ = ["AlertQuery", "DetectionQuery", "NoQuery", "alert", "alerts", "detections", "sensors", "wings"]

CURSOR: Final = re.compile(r"(-?\d{1,18})\.(\d{1,18})", re.ASCII)

T = TypeVar("T")
V = TypeVar("V", AlertView, DetectionView)


def encode_cursor(place: Place) -> str:
    """A place as a caller gets it."""
    return base64.urlsafe_b64encode(f"{place.time_us}.{place.id}".encode()).decode()


def checked_cursor(text: str) -> str:
    """A cursor that :func:`decode_cursor` reads."""
    decode_cursor(text)
    return text


def decode_cursor(text: str) -> Place:
    """The place that a caller sends back."""
    try:
        match = CURSOR.fullmatch(base64.urlsafe_b64decode(text).decode())
    except (binascii.Error, UnicodeError) as error:
        raise ValueError("not a cursor that this list gave") from error
    if match is None:
        raise ValueError("not a cursor that this list gave")
    return Place(time_us=int(match[1]), id=int(match[2]))


Cursor = Annotated[str, AfterValidator(checked_cursor)]
Utc = Annotated[datetime, BeforeValidator(parse_utc)]


class NoQuery(BaseModel):
    """A list that cannot be asked for in parts."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PageQuery(NoQuery):
    """Which piece of a list."""

    limit: Annotated[int, Ge(1), Le(500)] = 100
    cursor: Cursor | None = None

    @property
    def after(self) -> Place | None:
        """Where the piece before ended."""
        return None if self.cursor is None else decode_cursor(self.cursor)


class AlertQuery(PageQuery):
    """Which alerts; ``since`` means that the phone was heard at that time or later, ``active`` that it still is, or not."""

    wing: str | None = None
    state: AlertState | None = None
    since: Utc | None = None
    active: bool | None = None


class DetectionQuery(PageQuery):
    """Which detections; ``wing`` is where the sensor stands, ``since`` and ``until`` bound their beginning."""

    sensor: str | None = None
    wing: str | None = None
    technology: Technology | None = None
    since: Utc | None = None
    until: Utc | None = None


def wings(hub: Hub) -> Page[WingView]:
    """All wings and how they stand."""
    with hub.database.reading() as connection:
        repository = Repository(connection)
        _, items = telling.standing_views(repository, hub.site, now_us=hub.now_us, rules=hub.watch_rules)
        return Page(items=items, next=None, event_id=repository.change_range()[1])


def sensors(hub: Hub) -> Page[SensorView]:
    """All sensors and how they fare."""
    with hub.database.reading() as connection:
        repository = Repository(connection)
        items, _ = telling.standing_views(repository, hub.site, now_us=hub.now_us, rules=hub.watch_rules)
        return Page(items=items, next=None, event_id=repository.change_range()[1])


def alerts(hub: Hub, query: AlertQuery) -> Page[AlertView]:
    """Alerts, latest first."""
    if query.wing is not None:
        require_known("wing", query.wing, [wing.name for wing in hub.site.wings])
    with hub.database.reading() as connection:
        repository = Repository(connection)
        found = repository.alerts(
            limit=query.limit + 1,
            after=query.after,
            wing=query.wing,
            state=query.state,
            since_us=microseconds(query.since),
            active=query.active,
        )
        return page(
            found,
            query.limit,
            partial(alert_view, site=hub.site),
            place_of_alert,
            event_id=repository.change_range()[1],
        )


def alert(hub: Hub, number: int) -> AlertView:
    """One alert, also one that was merged into another.

    Raises
    ------
    NotFoundError
        If there is none of that number.
    """
    with hub.database.reading() as connection:
        found = Repository(connection).alert(number)
    if found is None:
        raise NotFoundError(f"there is no alert {number}", parameter="alert")
    return alert_view(found, site=hub.site)


def detections(hub: Hub, query: DetectionQuery) -> Page[DetectionView]:
    """Detections, latest first."""
    if query.since is not None and query.until is not None and query.since > query.until:
        raise InvalidError(f"until: {query.until} is before since={query.since}", parameter="until")
    with hub.database.reading() as connection:
        repository = Repository(connection)
        found = repository.detections(
            limit=query.limit + 1,
            after=query.after,
            sensors=wanted_sensors(hub, query),
            technology=query.technology,
            since_us=microseconds(query.since),
            until_us=microseconds(query.until),
        )
        return page(
            found,
            query.limit,
            partial(detection_view, site=hub.site),
            place_of_detection,
            event_id=repository.change_range()[1],
        )


def wanted_sensors(hub: Hub, query: DetectionQuery) -> list[str] | None:
    """The sensors that a query asks for; None for all, also for those that have left the site."""
    places = hub.site.sensors
    if query.sensor is not None:
        require_known("sensor", query.sensor, [place.name for place in places])
    if query.wing is not None:
        require_known("wing", query.wing, [wing.name for wing in hub.site.wings])
    if query.sensor is None and query.wing is None:
        return None
    return [p.name for p in places if query.sensor in (None, p.name) and query.wing in (None, p.wing)]


def require_known(parameter: str, name: str, known: Sequence[str]) -> None:
    """Refuse a name that the site does not have: an empty list would look like silence."""
    if name not in known:
        raise InvalidError(f"{parameter}: {name!r} is not in the site; it has {', '.join(known)}", parameter=parameter)


def page(
    found: Sequence[T], limit: int, view: Callable[[T], V], place: Callable[[T], Place], *, event_id: int
) -> Page[V]:
    """The first ``limit`` of what was found, and where to go on if there is more."""
    shown = found[:limit]
    more = encode_cursor(place(shown[-1])) if len(found) > limit else None
    return Page(items=[view(each) for each in shown], next=more, event_id=event_id)


def place_of_alert(found: Alert) -> Place:
    """Where an alert stands in its list."""
    return Place(time_us=found.opened_us, id=found.id)


def place_of_detection(found: StoredDetection) -> Place:
    """Where a detection stands in its list."""
    return Place(time_us=to_microseconds(found.detection.start_utc), id=found.id)


def microseconds(time: datetime | None) -> int | None:
    """A time as the database has it, if there is one."""
    return None if time is None else to_microseconds(time)
