"""The services for what people do about alarms of the system itself. One transaction each."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from annotated_types import MaxLen
from pydantic import BaseModel, BeforeValidator, ConfigDict

from api import supervision, telling
from api.actors import Actor
from api.alarms import Alarm, AlarmAct, AlarmKind, Subject, acknowledged, cleared, noted
from api.errors import NotFoundError
from api.hub import Hub
from api.lists import PageQuery, encode_cursor, microseconds
from api.repository import Repository
from api.rows import Place
from api.views import Page, SensorView
from api.views_watch import AlarmTransitionView, AlarmView, alarm_transition_view, alarm_view
from detector.times import parse_utc

__all__ = ["AlarmNote", "AlarmQuery", "acknowledge", "alarms", "relearn", "transitions"]

LEARNED = frozenset({AlarmKind.JAMMED, AlarmKind.FELL, AlarmKind.ANTENNA})
"""Alarms that compare with what was learned."""


class AlarmQuery(PageQuery):
    """Which alarms; ``since`` means that they were open at that time or later."""

    open: bool = True
    since: Annotated[datetime, BeforeValidator(parse_utc)] | None = None


class AlarmNote(BaseModel):
    """What a person says about an alarm."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    note: Annotated[str, MaxLen(2000)] = ""


def alarms(hub: Hub, query: AlarmQuery) -> Page[AlarmView]:
    """Alarms about the system itself, latest first."""
    with hub.database.reading() as connection:
        repository = Repository(connection)
        found = repository.watching.alarms(
            limit=query.limit + 1,
            after=query.after,
            open_only=query.open and query.since is None,
            since_us=microseconds(query.since),
        )
        shelves = repository.alarms.shelves(open_only=True)
        event_id = repository.change_range()[1]
    shown = found[: query.limit]
    more = encode_cursor(Place(time_us=0, id=shown[-1].id)) if len(found) > query.limit else None
    items = [alarm_view(alarm, shelves=shelves, now_us=hub.now_us) for alarm in shown]
    return Page(items=items, next=more, event_id=event_id)


def transitions(hub: Hub, number: int) -> list[AlarmTransitionView]:
    """What happened to an alarm, in its order.

    Raises
    ------
    NotFoundError
        If there is no such alarm.
    """
    with hub.database.reading() as connection:
        repository = Repository(connection)
        required(repository, number)
        return [alarm_transition_view(each) for each in repository.watching.transitions(number)]


def acknowledge(hub: Hub, number: int, request: AlarmNote, *, actor: Actor) -> AlarmView:
    """Take an alarm on; nothing happens if somebody had.

    Raises
    ------
    NotFoundError
        If there is no such alarm.
    """
    now_us = hub.now_us
    with hub.database.writing() as connection:
        repository = Repository(connection)
        before = required(repository, number)
        alarm = acknowledged(before, actor, now_us=now_us)
        if alarm != before:
            done(repository, hub, alarm, AlarmAct.ACKNOWLEDGED, actor=actor, note=request.note, now_us=now_us)
        shelves = repository.alarms.shelves(open_only=True)
    hub.feed.wake()
    return alarm_view(alarm, shelves=shelves, now_us=now_us)


def relearn(hub: Hub, sensor: str, request: AlarmNote, *, actor: Actor) -> SensorView:
    """Forget what was learned of a sensor's levels, and clear the alarms that came of it.

    Raises
    ------
    NotFoundError
        If the site has no such sensor.
    """
    if sensor not in {place.name for place in hub.site.sensors}:
        raise NotFoundError(f"there is no sensor {sensor!r} in the site", parameter="sensor")
    now_us = hub.now_us
    with hub.database.writing() as connection:
        repository = Repository(connection)
        watch = repository.watching.watch(sensor)
        repository.watching.save_watch(sensor, replace(watch, levels=()))
        note = f"its levels are learned anew. {request.note}".strip()
        for alarm in repository.watching.open_alarms():
            if alarm.subject is Subject.SENSOR and alarm.name == sensor and alarm.kind in LEARNED:
                over = cleared(alarm, now_us=now_us)
                done(repository, hub, over, AlarmAct.CLEARED, actor=actor, note=note, now_us=now_us)
        telling.tell_standing(repository, hub.site, now_us=now_us, rules=hub.watch_rules)
        sensors, _ = telling.standing_views(repository, hub.site, now_us=now_us, rules=hub.watch_rules)
    hub.feed.wake()
    return next(view for view in sensors if view.name == sensor)


def done(
    repository: Repository, hub: Hub, alarm: Alarm, act: AlarmAct, *, actor: Actor, note: str, now_us: int
) -> None:
    """Store and tell what a person did to an alarm."""
    repository.watching.save_alarm(alarm)
    repository.watching.add_transition(noted(alarm, act, at_us=now_us, actor=actor, note=note))
    supervision.tell(repository, hub.audience, alarm, now_us=now_us)


def required(repository: Repository, number: int) -> Alarm:
    """An alarm that must be there."""
    alarm = repository.watching.alarm(number)
    if alarm is None:
        raise NotFoundError(f"there is no alarm {number}", parameter="alarm")
    return alarm
