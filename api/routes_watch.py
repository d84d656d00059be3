"""The paths of the system watching itself: its alarms, what it learned of its sensors, and what it could have heard."""

from typing import Annotated, Final

from fastapi import Path, Query

from api import coverage_keeper, watchers
from api.coverage_keeper import CoverageQuery
from api.lists import NoQuery
from api.requests import BoundedRoute, Number, TheActor, TheHub, api_router, readable
from api.views import Listing, Page, SensorView
from api.views_watch import AlarmTransitionView, AlarmView, CoverageView
from api.watchers import AlarmNote, AlarmQuery

__all__ = ["router"]

router: Final = api_router(BoundedRoute)


@readable(router, "/alarms")
def get_alarms(hub: TheHub, query: Annotated[AlarmQuery, Query()]) -> Page[AlarmView]:
    """List the alarms about the system itself, latest first; those alone that are not over, unless told otherwise."""
    return watchers.alarms(hub, query)


@readable(router, "/alarms/{alarm}/transitions")
def get_alarm_transitions(hub: TheHub, alarm: Number, _: Annotated[NoQuery, Query()]) -> Listing[AlarmTransitionView]:
    """List what happened to an alarm, in its order."""
    return Listing(items=watchers.transitions(hub, alarm))


@router.post("/alarms/{alarm}/acknowledge")
def post_alarm_acknowledge(hub: TheHub, alarm: Number, actor: TheActor, request: AlarmNote) -> AlarmView:
    """Take an alarm on."""
    return watchers.acknowledge(hub, alarm, request, actor=actor)


@router.post("/sensors/{sensor}/relearn")
def post_relearn(
    hub: TheHub, sensor: Annotated[str, Path(max_length=64)], actor: TheActor, request: AlarmNote
) -> SensorView:
    """Learn a sensor's noise floor and reference level anew, once it was changed for good."""
    return watchers.relearn(hub, sensor, request, actor=actor)


@readable(router, "/coverage")
def get_coverage(hub: TheHub, query: Annotated[CoverageQuery, Query()]) -> Listing[CoverageView]:
    """List, hour by hour, what could have been heard: the last day, or as asked for."""
    return Listing(items=coverage_keeper.coverage(hub, query))
