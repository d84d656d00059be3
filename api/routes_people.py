"""The paths by which people act: on alerts, on standing alarms, on what is shelved; and what they read once a shift."""

from typing import Annotated, Final

from fastapi import Query
from fastapi.responses import HTMLResponse

from api import handling, reports, sheets, shelves
from api.alerts_life import Act
from api.handling import ActRequest, CloseRequest
from api.lists import NoQuery
from api.reports import HandoverQuery, SearchQuery
from api.requests import BoundedRoute, Number, TheActor, TheHub, api_router, readable
from api.shelves import ShelfRequest
from api.views import AlertView, Listing, ShelfView, StandingView, TransitionView
from api.views_reports import Handover, SearchList

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


class WhichOnes(NoQuery):
    """Whether only what is not over is listed."""

    open: bool = True


@readable(router, "/standing")
def get_standing(hub: TheHub, query: Annotated[WhichOnes, Query()]) -> Listing[StandingView]:
    """List the standing alarms of busy wings, latest first."""
    return Listing(items=shelves.standing(hub, open_only=query.open))


@router.post("/standing/{alarm}/acknowledge")
def post_standing_acknowledge(hub: TheHub, alarm: Number, actor: TheActor) -> StandingView:
    """Take a standing alarm on."""
    return shelves.acknowledge(hub, alarm, actor=actor)


@readable(router, "/shelves")
def get_shelves(hub: TheHub, query: Annotated[WhichOnes, Query()]) -> Listing[ShelfView]:
    """List what is shelved, latest first."""
    return Listing(items=shelves.shelves(hub, open_only=query.open))


@router.post("/shelves")
def post_shelf(hub: TheHub, actor: TheActor, request: ShelfRequest) -> ShelfView:
    """Shelve a sensor, or ask to shelve a wing."""
    return shelves.shelve(hub, request, actor=actor)


@router.post("/shelves/{shelf}/confirm")
def post_shelf_confirm(hub: TheHub, shelf: Number, actor: TheActor) -> ShelfView:
    """Agree, as the second person, to shelve a wing."""
    return shelves.confirm(hub, shelf, actor=actor)


@router.post("/shelves/{shelf}/end")
def post_shelf_end(hub: TheHub, shelf: Number, actor: TheActor) -> ShelfView:
    """Take a shelf back."""
    return shelves.end(hub, shelf, actor=actor)


@readable(router, "/search-list")
def get_search_list(hub: TheHub, query: Annotated[SearchQuery, Query()]) -> SearchList:
    """List the cells in which phones probably are, the likeliest first."""
    return reports.search_list(hub, query)


@readable(router, "/search-list/sheet")
def get_search_sheet(hub: TheHub, query: Annotated[SearchQuery, Query()]) -> HTMLResponse:
    """Give the search list as a page to print."""
    return sheet(sheets.search_sheet(reports.search_list(hub, query), site=hub.site.name))


@readable(router, "/handover")
def get_handover(hub: TheHub, query: Annotated[HandoverQuery, Query()]) -> Handover:
    """Give what one shift leaves to the next."""
    return reports.handover(hub, query)


@readable(router, "/handover/sheet")
def get_handover_sheet(hub: TheHub, query: Annotated[HandoverQuery, Query()]) -> HTMLResponse:
    """Give the hand-over as a page to print."""
    return sheet(sheets.handover_sheet(reports.handover(hub, query), site=hub.site.name))


def sheet(text: str) -> HTMLResponse:
    """A page that holds its own style and nothing that runs; no copy of it is kept on the way."""
    return HTMLResponse(text, headers={"Content-Security-Policy": sheets.POLICY, "Cache-Control": "no-store"})
