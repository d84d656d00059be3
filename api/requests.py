"""What all paths under ``/api/v1`` share: the hub, who asks, and how a path that is only read is registered."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message

from api.actors import Actor, ActorError, claimed
from api.errors import InvalidError, NotAuthenticatedError, TooLargeError
from api.hub import Hub

__all__ = [
    "ACTOR_HEADER",
    "BoundedRoute",
    "Number",
    "PerhapsAnActor",
    "TheActor",
    "TheHub",
    "api_router",
    "read_body",
    "readable",
]

ACTOR_HEADER: Final = "X-Wingwatch-Actor"
"""A header, not a field of the body: a foreign page cannot send it through somebody's browser without asking first."""

Endpoint = TypeVar("Endpoint", bound=Callable[..., object])

Number = Annotated[int, Path(ge=0, lt=2**62)]
"""The number of something that is counted, in a path."""


async def once_each(request: Request) -> None:
    """Refuse a parameter that is said twice: one of the two would be lost without a word."""
    names = [name for name, _ in request.query_params.multi_items()]
    if doubled := next((name for name in names if names.count(name) > 1), None):
        raise InvalidError(f"{doubled}: said {names.count(doubled)} times", parameter=doubled)


async def read_body(request: Request, hub: Hub) -> bytes:
    """The body of a request, read no further than the limit.

    Raises
    ------
    TooLargeError
        If it is longer.
    """
    limit = hub.settings.max_body_bytes
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise TooLargeError(f"the body is larger than {limit} bytes")
    return bytes(body)


class BoundedRoute(APIRoute):
    """A route whose body the framework parses, once it is known to be no larger than the limit."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler behind the limit."""
        handler = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            body = await read_body(request, request.app.state.hub)

            async def replayed() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            return await handler(Request(request.scope, replayed))

        return bounded


def api_router(route_class: type[APIRoute] = APIRoute) -> APIRouter:
    """A router for paths of the API."""
    return APIRouter(prefix="/api/v1", dependencies=[Depends(once_each)], route_class=route_class)


async def the_hub(request: Request) -> Hub:
    """What the application was made with."""
    hub: Hub = request.app.state.hub
    return hub


TheHub = Annotated[Hub, Depends(the_hub)]


async def the_actor(hub: TheHub, name: Annotated[str | None, Header(alias=ACTOR_HEADER)] = None) -> Actor:
    """Who asks, by the name that the request bears; the one place that accounts will replace."""
    if name is None:
        raise NotAuthenticatedError(f"who does this must be named in {ACTOR_HEADER}; the name is stored, not verified")
    try:
        return claimed(name, engineers=hub.settings.engineers)
    except ActorError as error:
        raise InvalidError(f"{ACTOR_HEADER}: {error}", parameter=ACTOR_HEADER) from error


async def perhaps_an_actor(hub: TheHub, name: Annotated[str | None, Header(alias=ACTOR_HEADER)] = None) -> Actor | None:
    """Who asks, if they say so."""
    return None if name is None else await the_actor(hub, name)


PerhapsAnActor = Annotated[Actor | None, Depends(perhaps_an_actor)]
TheActor = Annotated[Actor, Depends(the_actor)]


def readable(router: APIRouter, path: str) -> Callable[[Endpoint], Endpoint]:
    """Answer GET and HEAD on a path; the second route is only there so that the schema tells of GET alone."""

    def registered(endpoint: Endpoint) -> Endpoint:
        router.add_api_route(path, endpoint, methods=["GET", "HEAD"], include_in_schema=False)
        router.add_api_route(path, endpoint, methods=["GET"])
        return endpoint

    return registered
