"""The search list: cells ranked by how probably a phone is there, from alerts and from what searches found. Pure.

Each alert says with some probability that a phone spoke in a cell. A search that found the phone takes away what was heard
there before; one that found none makes that alert's evidence weaker, as far as searches find phones that are there; an
alert that proved harmless counts for nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import prod
from typing import Final

from api.alerts import Outcome

__all__ = ["BestHour", "Ranked", "Sighting", "best_hours", "ranked"]

FINDS: Final = 0.6
"""A search finds a phone that is there this often: judgement, until a site's own outcomes say better."""

HARMLESS: Final = frozenset({Outcome.STAFF, Outcome.OUTSIDE})
BEST: Final = 3
"""Hours of the day that are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """An alert as the search list sees it.

    Parameters
    ----------
    cells
        Probability of each cell.
    score
        Probability that it was a phone at all.
    heard
        When it was first heard, by the site's own clock.
    outcome, found_in
        What came of it, and the cell in which a phone was found, if somebody said so.
    """

    alert: int
    cells: Mapping[str, float]
    score: float
    heard: datetime
    outcome: Outcome | None = None
    found_in: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BestHour:
    """An hour of the day, and its share of what was heard from a cell."""

    hour: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A cell of the search list.

    Parameters
    ----------
    probability
        That a phone is there.
    expected
        Alerts that probably came from it.
    alerts
        Those that make the probability, the strongest first.
    found, not_found
        Searches of it that ended so.
    """

    cell: str
    probability: float
    expected: float
    last: datetime
    hours: tuple[BestHour, ...]
    alerts: tuple[int, ...]
    found: int
    not_found: int


@dataclass(slots=True)
class Tally:
    """What is known of one cell while the sightings are read, in their order of time."""

    chances: list[tuple[float, Sighting]] = field(default_factory=list)
    found: int = 0
    not_found: int = 0


def ranked(sightings: Iterable[Sighting]) -> tuple[Ranked, ...]:
    """Cells, the likeliest first; those from which nothing counts are left out."""
    tallies: dict[str, Tally] = {}
    for sighting in sorted(sightings, key=lambda each: (each.heard, each.alert)):
        note(sighting, tallies)
    cells = (cell_of(name, tally) for name, tally in tallies.items() if tally.chances)
    return tuple(sorted(cells, key=lambda cell: (-cell.probability, -cell.expected, cell.cell)))


def note(sighting: Sighting, tallies: dict[str, Tally]) -> None:
    """Add a sighting, and what its search found, to the tallies."""
    likeliest = max(sighting.cells, key=lambda name: sighting.cells[name], default=None)
    if sighting.outcome is Outcome.FOUND:
        emptied = sighting.found_in or likeliest
        if emptied is not None:
            tally = tallies.setdefault(emptied, Tally())
            tally.chances.clear()
            tally.found += 1
        return
    if sighting.outcome in HARMLESS:
        return
    left = 1.0
    if sighting.outcome is Outcome.NOT_FOUND and likeliest is not None:
        left = 1 - FINDS
        tallies.setdefault(likeliest, Tally()).not_found += 1
    for name, chance in sighting.cells.items():
        kept = left * chance * sighting.score
        tallies.setdefault(name, Tally()).chances.append((kept, sighting))


def cell_of(name: str, tally: Tally) -> Ranked:
    """A cell from its tally."""
    strongest = sorted(tally.chances, key=lambda item: -item[0])
    return Ranked(
        cell=name,
        probability=round(1 - prod(1 - chance for chance, _ in tally.chances), 4),
        expected=round(sum(chance for chance, _ in tally.chances), 3),
        last=max(sighting.heard for _, sighting in tally.chances),
        hours=best_hours(tally.chances),
        alerts=tuple(sighting.alert for _, sighting in strongest[:10]),
        found=tally.found,
        not_found=tally.not_found,
    )


def best_hours(chances: Sequence[tuple[float, Sighting]]) -> tuple[BestHour, ...]:
    """The hours of the day in which most was heard, each alert counted as far as it came from the cell."""
    weights = [0.0] * 24
    for chance, sighting in chances:
        weights[sighting.heard.hour] += chance
    total = sum(weights)
    if total <= 0:
        return ()
    hours = sorted(range(24), key=lambda hour: (-weights[hour], hour))[:BEST]
    return tuple(BestHour(hour=hour, share=round(weights[hour] / total, 3)) for hour in hours if weights[hour] > 0)
