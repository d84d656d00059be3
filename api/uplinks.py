"""The uplink bands that a wing is to hear: those that the site names, or those that its sensors listen to.

Band plans are data of the package, read once a country.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from importlib.resources import files

from api.hearing import SEARCHED, heard_share
from api.watching import Tuned, Watch, WatchRules
from detector.bands import Band, parse_plan
from detector.site import SensorPlace, Site

__all__ = ["bands_of", "hears", "plan_of", "unknown_bands"]


@lru_cache
def plan_of(country: str) -> tuple[Band, ...]:
    """The bands of a country's plan; none where there is no plan."""
    name = f"{country.lower()}.toml"
    known = {file.name: file for file in files("detector").joinpath("data/plans").iterdir()}
    return parse_plan(known[name].read_bytes()).bands if name in known else ()


def unknown_bands(site: Site) -> list[str]:
    """Faults of a site that names bands which its country does not have."""
    plan = plan_of(site.country)
    known = {band.name for band in plan}
    named: list[tuple[str, str, tuple[str, ...]]] = [("wing", wing.name, wing.bands) for wing in site.wings]
    named += [("sensor", place.name, place.bands) for place in site.sensors]
    named += [("jammer", jammer.name, jammer.bands) for jammer in site.jammers]
    told = ", ".join(sorted(known)) if known else f"none: there is no band plan of {site.country}"
    return [
        f"site: {kind} {name!r}: band {band!r} is not in the plan; known are {told}"
        for kind, name, bands in named
        for band in bands
        if band not in known
    ]


def bands_of(site: Site, wing: str, watches: Mapping[str, Watch], *, day: date, rules: WatchRules) -> list[Band]:
    """The bands that a wing is to hear.

    Those that it or its sensors name; otherwise those in use on a day whose signals are searched for, and in which a
    sensor of it listens.
    """
    places = [place for place in site.sensors if place.wing == wing]
    named = {name for entry in site.wings if entry.name == wing for name in entry.bands}
    named |= {name for place in places for name in place.bands}
    plan = plan_of(site.country)
    if named:
        return [band for band in plan if band.name in named]
    spans = [tuned.span_hz for place in places for tuned in recent(watches.get(place.name), rules)]
    active = (band for band in plan if band.technology in SEARCHED and band.active(day))
    return [band for band in active if heard_share(band, spans) > 0]


def recent(watch: Watch | None, rules: WatchRules) -> Iterable[Tuned]:
    """What a sensor listened to within the last round of its plan, while it was heard."""
    if watch is None or not watch.tunings:
        return ()
    last_us = max(tuned.heard_us for tuned in watch.tunings)
    return (tuned for tuned in watch.tunings if tuned.heard_us >= last_us - rules.scan_us)


def hears(place: SensorPlace, band: Band | None) -> bool:
    """Whether a sensor is to hear a band of its wing: those that it names, or else all."""
    return band is None or not place.bands or band.name in place.bands
