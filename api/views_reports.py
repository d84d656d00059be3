"""What callers are given of the reports: the search list and the hand-over, as JSON."""

from api.alerts import Outcome
from api.searching import Ranked
from api.views import AlertView, SensorView, ShelfView, StandingView, TransitionView, Utc, View, WingView
from detector.site import Cell

__all__ = [
    "AlertCount",
    "BestHourView",
    "Deafness",
    "Handover",
    "SearchList",
    "SearchedCellView",
    "searched_cell_view",
]


class BestHourView(View):
    """An hour of the day by the site's clock, and its share of what was heard from a cell."""

    hour: int
    share: float


class SearchedCellView(View):
    """A cell of the search list; ``alerts`` are its evidence, the strongest first."""

    name: str
    wing: str
    landing: str
    probability: float
    expected: float
    last_utc: Utc
    hours: list[BestHourView]
    alerts: list[int]
    found: int
    not_found: int


class SearchList(View):
    """Cells ranked by how probably a phone is there, and from how many alerts that was made."""

    made_utc: Utc
    since_utc: Utc
    time_zone: str
    alerts: int
    items: list[SearchedCellView]


class AlertCount(View):
    """How many alerts of a wing, null for outside, came to an outcome, null while they have none."""

    wing: str | None
    outcome: Outcome | None
    alerts: int


class Deafness(View):
    """A sensor that hears less than its place explains."""

    sensor: str
    loss_db: float
    spread_db: float


class Handover(View):
    """What one shift leaves to the next."""

    made_utc: Utc
    since_utc: Utc
    time_zone: str
    wings: list[WingView]
    alerts: list[AlertCount]
    unfinished: list[AlertView]
    transitions: list[TransitionView]
    standing: list[StandingView]
    shelves: list[ShelfView]
    not_listening: list[SensorView]
    deaf: list[Deafness]
    search: list[SearchedCellView]


def searched_cell_view(row: Ranked, *, cell: Cell) -> SearchedCellView:
    """A cell of the search list as callers see it."""
    return SearchedCellView(
        name=cell.name,
        wing=cell.wing,
        landing=cell.landing,
        probability=row.probability,
        expected=row.expected,
        last_utc=row.last,
        hours=[BestHourView(hour=hour.hour, share=hour.share) for hour in row.hours],
        alerts=list(row.alerts),
        found=row.found,
        not_found=row.not_found,
    )
