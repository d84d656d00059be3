"""The services for what people do about announcing: shelves, and standing alarms that they take on. One transaction each."""

from typing import Annotated

from annotated_types import Gt, Le, MinLen
from pydantic import BaseModel, ConfigDict, StringConstraints

from api import annunciation, supervision, telling
from api.actors import Actor
from api.errors import ConflictError, InvalidError, NotFoundError
from api.hub import Hub
from api.repository import Repository
from api.shelving import Shelf, ShelfError, ShelfKind, asked_for, confirmed, ended
from api.standing import acknowledged
from api.views import ShelfView, StandingView, shelf_view, standing_view

__all__ = ["ShelfRequest", "acknowledge", "confirm", "end", "shelve", "shelves", "standing"]


class ShelfRequest(BaseModel):
    """What is not to be announced, for how long, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: ShelfKind
    name: Annotated[str, MinLen(1)]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]
    seconds: Annotated[float, Gt(0), Le(31_536_000)]


def shelve(hub: Hub, request: ShelfRequest, *, actor: Actor) -> ShelfView:
    """Shelve a sensor, or ask to shelve a wing; the same wish of the same person, not yet over, is one shelf.

    Raises
    ------
    InvalidError
        If the site has no such thing, or the shelf would last too long.
    """
    require_known(hub, request)
    rules, now_us = hub.alarm_rules.shelving, hub.now_us
    try:
        draft = asked_for(
            request.kind,
            request.name,
            reason=request.reason,
            lasts_us=round(request.seconds * 1e6),
            actor=actor,
            rules=rules,
            now_us=now_us,
        )
    except ShelfError as error:
        raise InvalidError(str(error), parameter="seconds") from error
    with hub.database.writing() as connection:
        repository = Repository(connection)
        known = next((shelf for shelf in repository.alarms.shelves(open_only=True) if is_same(shelf, draft)), None)
        if known is not None:
            return shelf_view(known)
        shelf = repository.alarms.add_shelf(draft)
        told(repository, hub, shelf, now_us=now_us)
    hub.feed.wake()
    return shelf_view(shelf)


def confirm(hub: Hub, number: int, *, actor: Actor) -> ShelfView:
    """Agree, as the second person, to shelve a wing.

    Raises
    ------
    NotFoundError
        If there is no such shelf.
    ConflictError
        If it waits for nobody, waited for too long, or the person is the first one.
    """
    now_us = hub.now_us
    with hub.database.writing() as connection:
        repository = Repository(connection)
        before = required(repository, number)
        try:
            shelf = confirmed(before, actor, rules=hub.alarm_rules.shelving, now_us=now_us)
        except ShelfError as error:
            raise ConflictError(str(error), more={"shelf": shelf_view(before).model_dump(mode="json")}) from error
        if shelf != before:
            repository.alarms.save_shelf(shelf)
            told(repository, hub, shelf, now_us=now_us)
    hub.feed.wake()
    return shelf_view(shelf)


def end(hub: Hub, number: int, *, actor: Actor) -> ShelfView:
    """Take a shelf back; nothing happens if it is over.

    Raises
    ------
    NotFoundError
        If there is no such shelf.
    """
    now_us = hub.now_us
    with hub.database.writing() as connection:
        repository = Repository(connection)
        before = required(repository, number)
        shelf = ended(before, actor, now_us=now_us)
        if shelf != before:
            repository.alarms.save_shelf(shelf)
            told(repository, hub, shelf, now_us=now_us)
            supervision.tell_unshelved(repository, hub.audience, now_us=now_us)
    hub.feed.wake()
    return shelf_view(shelf)


def shelves(hub: Hub, *, open_only: bool) -> list[ShelfView]:
    """Shelves, latest first."""
    with hub.database.reading() as connection:
        return [shelf_view(shelf) for shelf in Repository(connection).alarms.shelves(open_only=open_only)]


def standing(hub: Hub, *, open_only: bool) -> list[StandingView]:
    """Standing alarms, latest first."""
    window_us = hub.alarm_rules.discipline.window_us
    with hub.database.reading() as connection:
        alarms = Repository(connection).alarms.standing(open_only=open_only)
    return [standing_view(alarm, window_us=window_us) for alarm in alarms]


def acknowledge(hub: Hub, number: int, *, actor: Actor) -> StandingView:
    """Take a standing alarm on; nothing happens if somebody had.

    Raises
    ------
    NotFoundError
        If there is no such standing alarm.
    """
    now_us, window_us = hub.now_us, hub.alarm_rules.discipline.window_us
    with hub.database.writing() as connection:
        repository = Repository(connection)
        before = repository.alarms.standing_alarm(number)
        if before is None:
            raise NotFoundError(f"there is no standing alarm {number}", parameter="alarm")
        alarm = acknowledged(before, actor, now_us=now_us)
        if alarm != before:
            repository.alarms.save_standing(alarm)
            annunciation.tell_alarm(repository, alarm, audience=hub.audience, window_us=window_us, now_us=now_us)
    hub.feed.wake()
    return standing_view(alarm, window_us=window_us)


def require_known(hub: Hub, request: ShelfRequest) -> None:
    """Refuse to shelve what the site does not have."""
    places = hub.site.wings if request.kind is ShelfKind.WING else hub.site.sensors
    if request.name not in {place.name for place in places}:
        raise InvalidError(f"name: {request.name!r} is no {request.kind} of the site", parameter="name")


def required(repository: Repository, number: int) -> Shelf:
    """A shelf that must be there."""
    shelf = repository.alarms.shelf(number)
    if shelf is None:
        raise NotFoundError(f"there is no shelf {number}", parameter="shelf")
    return shelf


def is_same(shelf: Shelf, draft: Shelf) -> bool:
    """Whether a shelf is the same wish of the same person."""
    return (shelf.kind, shelf.name, shelf.reason, shelf.asked_by.name) == (
        draft.kind,
        draft.name,
        draft.reason,
        draft.asked_by.name,
    )


def told(repository: Repository, hub: Hub, shelf: Shelf, *, now_us: int) -> None:
    """Tell what became of a shelf, and of the wings and sensors that it touches."""
    telling.tell_shelf(repository, shelf, now_us=now_us)
    telling.tell_standing(repository, hub.site, now_us=now_us, rules=hub.watch_rules)
