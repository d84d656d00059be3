"""The paths that sensors send to and that lists are read from: which service answers each."""

import hmac
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse
from pydantic import NonNegativeInt

from api import hub as services
from api import lists
from api.errors import NotAuthenticatedError
from api.lists import AlertQuery, DetectionQuery, NoQuery
from api.requests import Number, TheHub, api_router, read_body, readable
from api.views import AlertView, DetectionView, Health, Page, Receipt, SensorView, WingView
from detector import __version__
from detector.times import from_microseconds

__all__ = ["router"]


router: Final = api_router()

NOBODY: Final = "no such sensor"

Listed = TypeVar("Listed", AlertView, DetectionView, SensorView, WingView)


async def known_sensor(sensor: str, hub: TheHub, authorization: Annotated[str, Header()] = "") -> str:
    """The sensor that a request comes from, once its token proves it; takes as long for any wrong one."""
    scheme, _, token = authorization.partition(" ")
    secret = hub.settings.sensor_tokens.get(sensor)
    expected = NOBODY if secret is None else secret.get_secret_value()
    same = hmac.compare_digest(token.strip().encode(), expected.encode())
    if scheme.lower() != "bearer" or secret is None or not same:
        raise NotAuthenticatedError("a known sensor and its token are needed")
    return sensor


KnownSensor = Annotated[str, Depends(known_sensor)]


async def bounded_body(request: Request, hub: TheHub, _: KnownSensor) -> bytes:
    """The body of an authenticated request, read no further than the limit."""
    return await read_body(request, hub)


class Place(NoQuery):
    """A place in the feed, for clients that cannot send the header at first."""

    last_event_id: NonNegativeInt | None = None


@router.post("/sensors/{sensor}/batches")
def post_batch(sensor: KnownSensor, body: Annotated[bytes, Depends(bounded_body)], hub: TheHub) -> Receipt:
    """Store a batch; the same batch may be sent any number of times."""
    return services.ingest(hub, sensor, body)


@readable(router, "/health")
def get_health(hub: TheHub, response: Response, _: Annotated[NoQuery, Query()]) -> Health:
    """Tell who answers, that its database does, and that it does what time asks for; with status 503 if it does not."""
    stalled = hub.heart.is_stalled(now_us=hub.now_us, away_us=hub.watch_rules.away_us)
    response.status_code = 503 if stalled else 200
    with hub.database.reading():
        return Health(
            status="stalled" if stalled else "ok",
            version=__version__,
            simulated=hub.settings.simulated,
            site=hub.site.name,
            time_zone=hub.site.time_zone,
            now=hub.clock(),
            swept_utc=None if hub.heart.beat_us is None else from_microseconds(hub.heart.beat_us),
        )


@readable(router, "/wings")
def get_wings(hub: TheHub, response: Response, _: Annotated[NoQuery, Query()]) -> Page[WingView]:
    """List the wings and how they stand."""
    return placed(response, lists.wings(hub))


@readable(router, "/sensors")
def get_sensors(hub: TheHub, response: Response, _: Annotated[NoQuery, Query()]) -> Page[SensorView]:
    """List the sensors and how they fare."""
    return placed(response, lists.sensors(hub))


@readable(router, "/alerts")
def get_alerts(hub: TheHub, response: Response, query: Annotated[AlertQuery, Query()]) -> Page[AlertView]:
    """List alerts, latest first."""
    return placed(response, lists.alerts(hub, query))


@readable(router, "/alerts/{alert}")
def get_alert(hub: TheHub, alert: Number, _: Annotated[NoQuery, Query()]) -> AlertView:
    """Give one alert."""
    return lists.alert(hub, alert)


@readable(router, "/detections")
def get_detections(hub: TheHub, response: Response, query: Annotated[DetectionQuery, Query()]) -> Page[DetectionView]:
    """List detections, latest first."""
    return placed(response, lists.detections(hub, query))


@router.get("/events", response_class=StreamingResponse)
async def get_events(
    hub: TheHub,
    place: Annotated[Place, Query()],
    last_event_id: Annotated[NonNegativeInt | None, Header(alias="Last-Event-ID")] = None,
) -> EventSourceResponse:
    """Follow what changes, from now or from behind a message; the header wins over the parameter."""
    last = place.last_event_id if last_event_id is None else last_event_id
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return EventSourceResponse(hub.feed.stream(last), headers=headers)


def placed(response: Response, page: Page[Listed]) -> Page[Listed]:
    """A page, with the feed's place in a header as well."""
    response.headers["X-Event-Id"] = str(page.event_id)
    return page
