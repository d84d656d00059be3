"""The paths under ``/api/v1``: what a request must look like, who may send it, and which service answers it."""

import hmac
from collections.abc import Callable
from typing import Annotated, Final, TypeVar

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse
from pydantic import NonNegativeInt

from api import hub as services
from api import lists
from api.errors import InvalidError, NotAuthenticatedError, TooLargeError
from api.hub import Hub
from api.lists import AlertQuery, DetectionQuery, NoQuery
from api.views import AlertView, DetectionView, Health, Page, Receipt, SensorView, WingView
from detector import __version__

__all__ = ["router"]


async def once_each(request: Request) -> None:
    """Refuse a parameter that is said twice: one of the two would be lost without a word."""
    names = [name for name, _ in request.query_params.multi_items()]
    if doubled := next((name for name in names if names.count(name) > 1), None):
        raise InvalidError(f"{doubled}: said {names.count(doubled)} times", parameter=doubled)


router: Final = APIRouter(prefix="/api/v1", dependencies=[Depends(once_each)])

NOBODY: Final = "no such sensor"

Endpoint = TypeVar("Endpoint", bound=Callable[..., object])
Listed = TypeVar("Listed", AlertView, DetectionView, SensorView, WingView)


async def the_hub(request: Request) -> Hub:
    """What the application was made with."""
    hub: Hub = request.app.state.hub
    return hub


TheHub = Annotated[Hub, Depends(the_hub)]


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
    limit = hub.settings.max_body_bytes
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise TooLargeError(f"the body is larger than {limit} bytes")
    return bytes(body)


def readable(path: str) -> Callable[[Endpoint], Endpoint]:
    """Answer GET and HEAD on a path; the second route is only there so that the schema tells of GET alone."""

    def registered(endpoint: Endpoint) -> Endpoint:
        router.add_api_route(path, endpoint, methods=["GET", "HEAD"], include_in_schema=False)
        router.add_api_route(path, endpoint, methods=["GET"])
        return endpoint

    return registered


class Place(NoQuery):
    """A place in the feed, for clients that cannot send the header at first."""

    last_event_id: NonNegativeInt | None = None


@router.post("/sensors/{sensor}/batches")
def post_batch(sensor: KnownSensor, body: Annotated[bytes, Depends(bounded_body)], hub: TheHub) -> Receipt:
    """Store a batch; the same batch may be sent any number of times."""
    return services.ingest(hub, sensor, body)


@readable("/health")
def get_health(hub: TheHub, _: Annotated[NoQuery, Query()]) -> Health:
    """Tell who answers, and that its database does."""
    with hub.database.reading():
        return Health(
            status="ok",
            version=__version__,
            simulated=hub.settings.simulated,
            site=hub.site.name,
            time_zone=hub.site.time_zone,
            now=hub.clock(),
        )


@readable("/wings")
def get_wings(hub: TheHub, response: Response, _: Annotated[NoQuery, Query()]) -> Page[WingView]:
    """List the wings and how they stand."""
    return placed(response, lists.wings(hub))


@readable("/sensors")
def get_sensors(hub: TheHub, response: Response, _: Annotated[NoQuery, Query()]) -> Page[SensorView]:
    """List the sensors and how they fare."""
    return placed(response, lists.sensors(hub))


@readable("/alerts")
def get_alerts(hub: TheHub, response: Response, query: Annotated[AlertQuery, Query()]) -> Page[AlertView]:
    """List alerts, latest first."""
    return placed(response, lists.alerts(hub, query))


@readable("/alerts/{alert}")
def get_alert(hub: TheHub, alert: Annotated[int, Path(ge=0, lt=2**62)], _: Annotated[NoQuery, Query()]) -> AlertView:
    """Give one alert."""
    return lists.alert(hub, alert)


@readable("/detections")
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
