"""The services that keep what could have been heard, hour by hour, and give it to those who ask.

An hour is written once it is over: one row a wing and band. What is not over is worked out when somebody asks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from typing import Annotated, Final

from annotated_types import Ge, Le
from pydantic import BeforeValidator

from api.coverage import HOUR_US, Coverage, coverage_of, hour_of
from api.errors import InvalidError
from api.hub import Hub
from api.lists import NoQuery, require_known
from api.repository import Repository
from api.uplinks import bands_of, hears, plan_of
from api.views_watch import CoverageView, coverage_view
from api.watching import BEGINNING, Watch, next_hour
from detector.bands import Band
from detector.times import from_microseconds, parse_utc, to_microseconds

__all__ = ["CoverageQuery", "coverage", "keep"]

DAY: Final = timedelta(days=1)
KEPT_TUNINGS_US: Final = 24 * HOUR_US
"""A tuning that was not visited for this long is forgotten."""

Utc = Annotated[datetime, BeforeValidator(parse_utc)]


class CoverageQuery(NoQuery):
    """Which hours, of which wing and band; the last day if nothing is said."""

    since: Utc | None = None
    until: Utc | None = None
    wing: str | None = None
    band: str | None = None
    limit: Annotated[int, Ge(1), Le(10_000)] = 5000


def keep(hub: Hub) -> bool:
    """Write the hours that are over, and begin the new one; says whether there were any."""
    now_us = hub.now_us
    hour_us = hour_of(now_us)
    with hub.database.reading() as connection:
        watches = Repository(connection).watching.watches()
    over = sorted({watch.hour_us for watch in watches.values() if 0 < watch.hour_us < hour_us})
    # Worked out before the database is held: chances take a while the first time.
    rows = [row for each_us in over for row in hours_rows(hub, watches, hour_us=each_us)]
    if not over:
        return False
    with hub.database.writing() as connection:
        book = Repository(connection).watching
        book.save_coverage(rows)
        for name, watch in book.watches().items():
            if watch.hour_us < hour_us:
                book.save_watch(name, next_hour(watch, hour_us, since_us=now_us - KEPT_TUNINGS_US))
    return True


def hours_rows(
    hub: Hub, watches: Mapping[str, Watch], *, hour_us: int, length_s: float = HOUR_US / 1e6
) -> Iterator[Coverage]:
    """What could have been heard of each band of each wing within one hour, or the part of it that has passed."""
    day = from_microseconds(hour_us).date()
    for wing in hub.site.wings:
        for band in bands_of(hub.site, wing.name, watches, day=day, rules=hub.watch_rules):
            mine = {
                place.name: watches.get(place.name, replace(BEGINNING, hour_us=hour_us))
                for place in hub.site.sensors
                if place.wing == wing.name and hears(place, band)
            }
            yield coverage_of(band, mine, wing=wing.name, hour_us=hour_us, length_s=length_s)


def coverage(hub: Hub, query: CoverageQuery) -> list[CoverageView]:
    """What could have been heard, hour by hour; hours in which the hub was away are told as such.

    Raises
    ------
    InvalidError
        If the site has no such wing or its country no such band, or the time ends before it begins.
    """
    check(hub, query)
    until = query.until or hub.clock()
    since = query.since or until - DAY
    if since > until:
        raise InvalidError(f"until: {until} is before since={since}", parameter="until")
    begin_us, end_us = hour_of(to_microseconds(since)), to_microseconds(until)
    with hub.database.reading() as connection:
        book = Repository(connection).watching
        kept = book.coverage(begin_us=begin_us, end_us=end_us, limit=query.limit, wing=query.wing, band=query.band)
        first_us, watches = book.first_hour_us(), book.watches()
    present = [row for row in present_rows(hub, watches) if begin_us <= row.hour_us < end_us and is_asked(row, query)]
    views = [coverage_view(row) for row in kept]
    views += [coverage_view(row, recorded=False) for row in missing(kept, present, begin_us, end_us, first_us)]
    views += [coverage_view(row, whole=False) for row in present]
    return sorted(views, key=lambda view: (view.hour_utc, view.wing, view.band))[: query.limit]


def present_rows(hub: Hub, watches: Mapping[str, Watch]) -> Iterator[Coverage]:
    """What could be heard so far within this hour."""
    now_us = hub.now_us
    hour_us = hour_of(now_us)
    return hours_rows(hub, watches, hour_us=hour_us, length_s=max(1.0, (now_us - hour_us) / 1e6))


def missing(
    kept: list[Coverage], present: list[Coverage], begin_us: int, end_us: int, first_us: int | None
) -> Iterator[Coverage]:
    """The hours of which nothing is kept, though there was a hub before: nothing could be heard."""
    known = {(row.hour_us, row.wing, row.band) for row in (*kept, *present)}
    places = sorted({(row.wing, row.band) for row in (*kept, *present)})
    if first_us is None:
        return
    present_us = min((row.hour_us for row in present), default=end_us)
    for hour_us, (wing, band) in product(range(max(begin_us, first_us), min(end_us, present_us), HOUR_US), places):
        if (hour_us, wing, band) not in known:
            yield Coverage(
                hour_us=hour_us, wing=wing, band=band, listened_share=0.0, chances={}, healthy=0.0, sensors=0
            )


def check(hub: Hub, query: CoverageQuery) -> None:
    """Refuse names that are not known: an empty list would look as if nothing had been heard."""
    if query.wing is not None:
        require_known("wing", query.wing, [wing.name for wing in hub.site.wings])
    bands: tuple[Band, ...] = plan_of(hub.site.country)
    if query.band is not None:
        require_known("band", query.band, [band.name for band in bands])


def is_asked(row: Coverage, query: CoverageQuery) -> bool:
    """Whether a row is of the wing and the band that are asked for."""
    return query.wing in (None, row.wing) and query.band in (None, row.band)
