"""The services for what people do to alerts: take a deed in, tell what was done. One transaction each.

A deed names the version of the alert that the person saw. If something else happened meanwhile, the answer says what;
if the same deed had come before, nothing happens and the alert is given as it is now.
"""

from typing import Annotated, Final

from annotated_types import Ge, Le, MaxLen
from pydantic import BaseModel, ConfigDict

from api import telling
from api.actors import Actor
from api.alerts import Alert, Outcome
from api.alerts_life import Act, ActError, Deed, Transition, act_on, already_done
from api.deeds import save_deeds
from api.errors import ConflictError, InvalidError, NotFoundError
from api.hub import Hub
from api.repository import Repository
from api.views import AlertView, TransitionView, alert_view, transition_view
from detector.site import Site

__all__ = ["ActRequest", "CloseRequest", "act", "transitions"]

MAX_NOTE: Final = 2000


class ActRequest(BaseModel):
    """What a person says when doing something to an alert: the version that they saw, and a note."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[int, Ge(0), Le(2**62)]
    note: Annotated[str, MaxLen(MAX_NOTE)] = ""


class CloseRequest(ActRequest):
    """What a person says when closing an alert; ``cell`` is where a phone was found."""

    outcome: Outcome
    cell: Annotated[str, MaxLen(200)] | None = None


def act(hub: Hub, number: int, deed_act: Act, request: ActRequest, *, actor: Actor) -> AlertView:
    """Do something to an alert; it is durable when this returns.

    Raises
    ------
    NotFoundError
        If there is no such alert.
    InvalidError
        If what is said does not fit the act, or the site has no such cell.
    ConflictError
        If something else happened to the alert meanwhile, or its state does not allow this.
    """
    deed = deed_of(hub, deed_act, request, actor=actor)
    with hub.database.writing() as connection:
        repository = Repository(connection)
        alert = required(repository, number)
        since = repository.journal.transitions(number, after_version=deed.version)
        if since and already_done(deed, since[0]):
            return alert_view(alert, site=hub.site)
        if alert.version != deed.version:
            raise meanwhile(alert, deed, since, site=hub.site)
        changed, transition = carried_out(alert, deed, site=hub.site, now_us=hub.now_us)
        save_deeds(repository, hub.audience, [(changed, transition)], now_us=hub.now_us)
        telling.tell_standing(repository, hub.site, now_us=hub.now_us, rules=hub.watch_rules)
    hub.feed.wake()
    return alert_view(changed, site=hub.site)


def transitions(hub: Hub, number: int) -> list[TransitionView]:
    """What was done to an alert, in its order.

    Raises
    ------
    NotFoundError
        If there is no such alert.
    """
    with hub.database.reading() as connection:
        repository = Repository(connection)
        required(repository, number)
        return [transition_view(each) for each in repository.journal.transitions(number)]


def deed_of(hub: Hub, deed_act: Act, request: ActRequest, *, actor: Actor) -> Deed:
    """The deed that a request asks for."""
    told = request.model_dump(exclude_none=True)
    cell = told.get("cell")
    if cell is not None and cell not in {known.name for known in hub.site.cells}:
        raise InvalidError(f"cell: {cell!r} is not in the site", parameter="cell")
    try:
        return Deed(act=deed_act, actor=actor, **told)
    except ActError as error:
        raise InvalidError(str(error), parameter=str(error).partition(":")[0]) from error


def required(repository: Repository, number: int) -> Alert:
    """An alert that must be there."""
    alert = repository.alert(number)
    if alert is None:
        raise NotFoundError(f"there is no alert {number}", parameter="alert")
    return alert


def carried_out(alert: Alert, deed: Deed, *, site: Site, now_us: int) -> tuple[Alert, Transition]:
    """The alert after a deed that its state must allow."""
    try:
        return act_on(alert, deed, now_us=now_us)
    except ActError as error:
        raise ConflictError(str(error), more=standing_of(alert, [], site=site)) from error


def meanwhile(alert: Alert, deed: Deed, since: list[Transition], *, site: Site) -> ConflictError:
    """What to tell somebody whose picture of an alert is not the present one."""
    if not since:
        detail = f"alert {alert.id} never had version {deed.version}; it has version {alert.version}"
    else:
        last = since[-1]
        detail = f"{last.actor.name} did {last.act} meanwhile: alert {alert.id} is {alert.state}"
    return ConflictError(detail, more=standing_of(alert, since, site=site))


def standing_of(alert: Alert, since: list[Transition], *, site: Site) -> dict[str, object]:
    """The members of an answer that tell how an alert stands, and what led there."""
    happened = [transition_view(each).model_dump(mode="json") for each in since]
    return {"alert": alert_view(alert, site=site).model_dump(mode="json"), "meanwhile": happened}
