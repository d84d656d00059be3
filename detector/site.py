"""The site: wings, landings, cells and sensors, and where they stand.

A site is data (TOML); this is bytes to values. Coordinates are metres in one right-handed frame of the site's own,
z upwards.
"""

import tomllib
from dataclasses import dataclass
from typing import Any

__all__ = ["Cell", "Point", "SensorPlace", "Site", "SiteError", "Wing", "parse_site"]

Point = tuple[float, float, float]


class SiteError(ValueError):
    """A site that cannot be used; the message names the entry and the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell: the middle and the size of its box [m]."""

    name: str
    wing: str
    landing: str
    centre_m: Point
    size_m: Point = (4.0, 2.5, 3.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorPlace:
    """Where a sensor stands; one on the perimeter belongs to no wing."""

    name: str
    place_m: Point
    wing: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wing:
    """A wing and the name that staff use for it."""

    name: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A prison."""

    name: str
    country: str
    time_zone: str
    wings: tuple[Wing, ...]
    cells: tuple[Cell, ...]
    sensors: tuple[SensorPlace, ...]

    def wing_of(self, sensor: str) -> str | None:
        """The wing in which a sensor stands; None on the perimeter.

        Raises
        ------
        KeyError
            If the site has no such sensor.
        """
        for place in self.sensors:
            if place.name == sensor:
                return place.wing
        raise KeyError(f"sensor {sensor!r} is not in the site")


def parse_site(data: bytes) -> Site:
    """Read a site.

    Raises
    ------
    SiteError
        Naming the entry and the key.
    """
    try:
        raw = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SiteError(f"site: not TOML: {error}") from error
    wings = tuple(Wing(name=text(w, "name", "wing"), title=text(w, "title", "wing")) for w in tables(raw, "wing"))
    site = Site(
        name=text(raw, "name", "site"),
        country=text(raw, "country", "site"),
        time_zone=text(raw, "time_zone", "site"),
        wings=wings,
        cells=tuple(
            Cell(
                name=text(c, "name", "cell"),
                wing=text(c, "wing", "cell"),
                landing=text(c, "landing", "cell"),
                centre_m=point(c, "centre_m", "cell"),
                size_m=point(c, "size_m", "cell") if "size_m" in c else (4.0, 2.5, 3.0),
            )
            for c in tables(raw, "cell")
        ),
        sensors=tuple(
            SensorPlace(
                name=text(s, "name", "sensor"),
                place_m=point(s, "place_m", "sensor"),
                wing=text(s, "wing", "sensor") if "wing" in s else None,
            )
            for s in tables(raw, "sensor")
        ),
    )
    return checked(site)


def checked(site: Site) -> Site:
    """The same site, if its names are unique and its wings exist."""
    for kind, names in (
        ("wing", [w.name for w in site.wings]),
        ("cell", [c.name for c in site.cells]),
        ("sensor", [s.name for s in site.sensors]),
    ):
        if doubled := {name for name in names if names.count(name) > 1}:
            raise SiteError(f"site: {kind} {min(doubled)!r} stands twice")
    known = {w.name for w in site.wings}
    for cell in site.cells:
        if cell.wing not in known:
            raise SiteError(f"site: cell {cell.name!r}: wing {cell.wing!r} is not in the site")
    for sensor in site.sensors:
        if sensor.wing is not None and sensor.wing not in known:
            raise SiteError(f"site: sensor {sensor.name!r}: wing {sensor.wing!r} is not in the site")
    return site


def tables(raw: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The entries of one kind; none if the key is missing."""
    value = raw.get(key, [])
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise SiteError(f"site: {key} is {value!r}; expected [[{key}]] tables")
    return value


def text(raw: dict[str, Any], key: str, what: str) -> str:
    """A non-empty text of an entry."""
    value = raw.get(key)
    if not isinstance(value, str) or not value:
        raise SiteError(f"site: {what} {raw.get('name', '')!r}: {key} is {value!r}; expected a text")
    return value


def point(raw: dict[str, Any], key: str, what: str) -> Point:
    """Three finite numbers of an entry."""
    value = raw.get(key)
    if isinstance(value, list) and len(value) == 3 and all(type(v) in (int, float) and abs(v) < 1e6 for v in value):
        return float(value[0]), float(value[1]), float(value[2])
    raise SiteError(f"site: {what} {raw.get('name', '')!r}: {key} is {value!r}; expected three numbers [m]")
