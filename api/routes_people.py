"""The paths by which people act: what they may do to an alert, and what was done to it."""

from typing import Annotated, Final

from fastapi import Query

from api import handling
from api.alerts_life import Act
from api.handling import ActRequest, CloseRequest
from api.lists import NoQuery
from api.requests import BoundedRoute, Number, TheActor, TheHub, api_router, readable
from api.views import AlertView, Listing, TransitionView

__all__ = ["router"]

router: Final = api_router(BoundedRoute)


@router.post("/alerts/{alert}/acknowledge")
def post_acknowledge(hub: TheHub, alert: Number, actor: TheActor, request: ActRequest) -> AlertView:
    """Take an alert on."""
    return handling.act(hub, alert, Act.ACKNOWLEDGE, request, actor=actor)


@router.post("/alerts/{alert}/search")
def post_search(hub: TheHub, alert: Number, actor: TheActor, request: ActRequest) -> AlertView:
    """Say that somebody was sent to search."""
    return handling.act(hub, alert, Act.SEARCH, request, actor=actor)


@router.post("/alerts/{alert}/close")
def post_close(hub: TheHub, alert: Number, actor: TheActor, request: CloseRequest) -> AlertView:
    """Close an alert with its outcome."""
    return handling.act(hub, alert, Act.CLOSE, request, actor=actor)


@router.post("/alerts/{alert}/reopen")
def post_reopen(hub: TheHub, alert: Number, actor: TheActor, request: ActRequest) -> AlertView:
    """Open a closed alert again."""
    return handling.act(hub, alert, Act.REOPEN, request, actor=actor)


@readable(router, "/alerts/{alert}/transitions")
def get_transitions(hub: TheHub, alert: Number, _: Annotated[NoQuery, Query()]) -> Listing[TransitionView]:
    """List what was done to an alert, in its order."""
    return Listing(items=handling.transitions(hub, alert))
