"""The services that are read once a shift: the search list, and the hand-over from one shift to the next."""

from typing import Annotated, Final
from zoneinfo import ZoneInfo

from annotated_types import Ge, Gt, Le

from api import telling
from api.alerts import AlertState
from api.hub import Hub
from api.lists import NoQuery, require_known
from api.repository import Repository
from api.searching import Sighting, ranked
from api.states import SensorState
from api.views import alert_view, shelf_view, standing_view, transition_view
from api.views_reports import AlertCount, Deafness, Handover, SearchList, searched_cell_view
from detector.locate import deaf_sensors
from detector.times import from_microseconds

__all__ = ["HandoverQuery", "SearchQuery", "handover", "search_list"]

DAY_US: Final = 86_400 * 1_000_000
HOUR_US: Final = 3600 * 1_000_000
MAX_SIGHTINGS: Final = 20_000
MAX_OPEN: Final = 200
MAX_DEEDS: Final = 1000
TOP: Final = 10
"""Cells of the search list that a hand-over bears."""


class SearchQuery(NoQuery):
    """How far back, how many cells, and of which wing."""

    days: Annotated[float, Gt(0), Le(90)] = 7.0
    limit: Annotated[int, Ge(1), Le(1000)] = 50
    wing: str | None = None


class HandoverQuery(NoQuery):
    """How long the shift was."""

    hours: Annotated[float, Gt(0), Le(72)] = 8.0


def search_list(hub: Hub, query: SearchQuery) -> SearchList:
    """Cells ranked by how probably a phone is there.

    Raises
    ------
    InvalidError
        If the site has no such wing.
    """
    if query.wing is not None:
        require_known("wing", query.wing, [wing.name for wing in hub.site.wings])
    now_us = hub.now_us
    since_us = now_us - round(query.days * DAY_US)
    with hub.database.reading() as connection:
        found = sightings(Repository(connection), hub, since_us=since_us)
    cells = {cell.name: cell for cell in hub.site.cells}
    wanted = [row for row in ranked(found) if row.cell in cells and query.wing in (None, cells[row.cell].wing)]
    return SearchList(
        made_utc=from_microseconds(now_us),
        since_utc=from_microseconds(since_us),
        time_zone=hub.site.time_zone,
        alerts=len(found),
        items=[searched_cell_view(row, cell=cells[row.cell]) for row in wanted[: query.limit]],
    )


def sightings(repository: Repository, hub: Hub, *, since_us: int) -> list[Sighting]:
    """The alerts since a time whose cells can be told, by the site's own clock."""
    zone = ZoneInfo(hub.site.time_zone)
    finds = repository.journal.finds(since_us=since_us)
    return [
        Sighting(
            alert=alert.id,
            cells={} if alert.location is None else alert.location.cells,
            score=alert.score,
            heard=from_microseconds(alert.opened_us).astimezone(zone),
            outcome=alert.outcome,
            found_in=finds.get(alert.id),
        )
        for alert in repository.alarms.placed_alerts(since_us=since_us, limit=MAX_SIGHTINGS)
    ]


def handover(hub: Hub, query: HandoverQuery) -> Handover:
    """What the next shift needs to know: what happened, what is still open, and where nobody listens."""
    now_us, site = hub.now_us, hub.site
    since_us = now_us - round(query.hours * HOUR_US)
    window_us = hub.alarm_rules.discipline.window_us
    with hub.database.reading() as connection:
        repository = Repository(connection)
        sensors, wings = telling.standing_views(repository, site, now_us=now_us, rules=hub.watch_rules)
        states = (AlertState.OPEN, AlertState.ACKNOWLEDGED, AlertState.SEARCH_SENT)
        unfinished = [alert for state in states for alert in repository.alerts(limit=MAX_OPEN, state=state)]
        deeds = repository.journal.transitions_since(since_us, limit=MAX_DEEDS)
        return Handover(
            made_utc=from_microseconds(now_us),
            since_utc=from_microseconds(since_us),
            time_zone=site.time_zone,
            wings=wings,
            alerts=[
                AlertCount(wing=wing, outcome=outcome, alerts=count)
                for (wing, outcome), count in repository.alarms.outcomes(since_us=since_us).items()
            ],
            unfinished=[alert_view(alert, site=site) for alert in unfinished],
            transitions=[transition_view(deed) for deed in deeds],
            standing=[standing_view(a, window_us=window_us) for a in repository.alarms.standing(open_only=True)],
            shelves=[shelf_view(shelf) for shelf in repository.alarms.shelves(open_only=True)],
            not_listening=[sensor for sensor in sensors if sensor.state is not SensorState.FRESH],
            deaf=deafness(hub),
            search=search_list(hub, SearchQuery(limit=TOP)).items,
        )


def deafness(hub: Hub) -> list[Deafness]:
    """Sensors that hear less than their places explain, by what was learned of the site."""
    premises = hub.current.premises
    if premises.ground is None or premises.state is None:
        return []
    return [
        Deafness(sensor=deaf.sensor, loss_db=round(deaf.loss_db, 1), spread_db=round(deaf.spread_db, 1))
        for deaf in deaf_sensors(premises.ground, premises.state)
    ]
