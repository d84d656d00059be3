"""Reads a site from TOML; names every fault at once."""

import base64
import binascii
import re
import tomllib
from collections.abc import Iterable, Sequence
from typing import Any, Final

from detector.site.faults import Entry, Faults, SiteError, is_number
from detector.site.values import (
    BOX_M,
    Antenna,
    Cell,
    Flat,
    Hours,
    Image,
    Jammer,
    Landing,
    Plan,
    Reference,
    SensorPlace,
    Site,
    TestPhone,
    Wall,
    Wing,
    Zone,
    parse_hours,
)
from detector.types import Technology

__all__ = ["parse_site"]

PNG: Final = b"\x89PNG\r\n\x1a\n"
UNSAFE_IN_SVG: Final = re.compile(
    r"<script|<!doctype|<!entity|<foreignobject|javascript:|\bon[a-z]+(?=\s*=)", re.IGNORECASE
)
FEWEST_CORNERS: Final = 3


def parse_site(data: bytes) -> Site:
    """Read a site.

    Raises
    ------
    SiteError
        Naming every fault with its entry and its key.
    """
    try:
        raw = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SiteError([f"site: not TOML: {error}"]) from error
    faults = Faults()
    site = read_site(raw, faults)
    check(site, faults)
    if faults.found:
        raise SiteError(dict.fromkeys(faults.found))
    return site


def read_site(raw: dict[str, Any], faults: Faults) -> Site:
    """A site with stand-ins where something is wrong."""
    kinds = ("wing", "landing", "cell", "sensor", "zone", "wall", "plan", "reference", "jammer", "test_phone")
    top = Entry({key: value for key, value in raw.items() if key not in kinds}, "", faults)
    site = Site(
        name=top.text("name"),
        country=top.text("country"),
        time_zone=top.text("time_zone"),
        wings=tuple(read_wing(entry) for entry in faults.entries(raw, "wing")),
        landings=tuple(read_landing(entry) for entry in faults.entries(raw, "landing")),
        cells=tuple(read_cell(entry) for entry in faults.entries(raw, "cell")),
        sensors=tuple(read_sensor(entry) for entry in faults.entries(raw, "sensor")),
        zones=tuple(read_zone(entry) for entry in faults.entries(raw, "zone")),
        walls=tuple(read_wall(entry) for entry in faults.entries(raw, "wall")),
        plans=tuple(read_plan(entry) for entry in faults.entries(raw, "plan")),
        references=tuple(read_reference(entry) for entry in faults.entries(raw, "reference")),
        jammers=tuple(read_jammer(entry) for entry in faults.entries(raw, "jammer")),
        test_phones=tuple(read_test_phone(entry) for entry in faults.entries(raw, "test_phone")),
    )
    top.finish()
    return site


def read_wing(entry: Entry) -> Wing:
    """A wing from its entry."""
    wing = Wing(
        name=entry.text("name", most=64),
        title=entry.text("title"),
        bands=entry.each("bands", plain_text, "a list of texts"),
        heard_share=entry.number("heard_share", low=0, high=1) if "heard_share" in entry else None,
    )
    entry.allow("heard_share")
    entry.finish()
    return wing


def read_landing(entry: Entry) -> Landing:
    """A landing from its entry."""
    name = entry.text("name", most=64)
    title = entry.text("title") if "title" in entry else name
    landing = Landing(name=name, wing=entry.text("wing"), title=title)
    entry.allow("title")
    entry.finish()
    return landing


def read_cell(entry: Entry) -> Cell:
    """A cell from its entry."""
    x, y, z = entry.numbers("centre_m", 3)
    cell = Cell(
        name=entry.text("name", most=64),
        wing=entry.text("wing"),
        landing=entry.text("landing"),
        centre_m=(x, y, z),
        size_m=entry.size("size_m") if "size_m" in entry else BOX_M,
        polygon=entry.each("polygon", corner, "a list of corners, each two numbers"),
    )
    if 0 < len(cell.polygon) < FEWEST_CORNERS:
        entry.wrong("polygon", "at least three corners")
    entry.allow("size_m")
    entry.finish()
    return cell


def read_sensor(entry: Entry) -> SensorPlace:
    """A sensor from its entry."""
    x, y, z = entry.numbers("place_m", 3)
    sensor = SensorPlace(
        name=entry.name(),
        place_m=(x, y, z),
        wing=entry.text("wing") if "wing" in entry else None,
        receivers=entry.each("receivers", plain_text, "a list of texts"),
        antenna=read_antenna(entry),
        bands=entry.each("bands", plain_text, "a list of texts"),
    )
    entry.allow("wing")
    entry.finish()
    return sensor


def read_antenna(entry: Entry) -> Antenna | None:
    """A sensor's antenna, if something is known of it."""
    raw = entry.get("antenna")
    if raw is None:
        return None
    if not isinstance(raw, dict):
        entry.wrong("antenna", "a table")
        return None
    own = entry.within("antenna", raw)
    antenna = Antenna(
        model=own.text("model") if "model" in own else "",
        gain_dbi=own.number("gain_dbi", low=-40, high=40) if "gain_dbi" in own else None,
        cable_db=own.number("cable_db", low=0, high=60) if "cable_db" in own else None,
    )
    own.allow("model", "gain_dbi", "cable_db")
    own.finish()
    return antenna


def read_zone(entry: Entry) -> Zone:
    """A permitted zone from its entry."""
    x, y, z = entry.numbers("centre_m", 3)
    zone = Zone(
        name=entry.text("name", most=64),
        centre_m=(x, y, z),
        size_m=entry.size("size_m") if "size_m" in entry else BOX_M,
        wing=entry.text("wing") if "wing" in entry else None,
        hours=entry.each("hours", hours, "a list of texts"),
    )
    entry.allow("size_m", "wing")
    entry.finish()
    return zone


def read_reference(entry: Entry) -> Reference:
    """A reference carrier from its entry."""
    reference = Reference(
        name=entry.text("name", most=64),
        frequency_hz=entry.number("frequency_mhz", low=0.1, high=10e3) * 1e6,
        sensors=entry.each("sensors", plain_text, "a list of texts"),
    )
    entry.finish()
    return reference


def read_jammer(entry: Entry) -> Jammer:
    """A jammer of the site's own from its entry."""
    jammer = Jammer(
        name=entry.text("name", most=64),
        wings=entry.each("wings", plain_text, "a list of texts"),
        bands=entry.each("bands", plain_text, "a list of texts"),
        hours=entry.each("hours", hours, "a list of texts"),
    )
    entry.finish()
    return jammer


def read_test_phone(entry: Entry) -> TestPhone:
    """A test phone from its entry."""
    phone = TestPhone(
        name=entry.text("name", most=64),
        wing=entry.text("wing"),
        technology=read_technology(entry),
        hours=entry.each("hours", hours, "a list of texts"),
        channel=entry.text("channel") if "channel" in entry else None,
    )
    if not phone.hours and "hours" not in entry:
        entry.wrong("hours", "the times in which it speaks, such as ['mon-sun 03:00-03:10']")
    entry.allow("channel")
    entry.finish()
    return phone


def read_technology(entry: Entry) -> Technology:
    """The technology of a test phone."""
    name = entry.get("technology")
    if name in set(Technology):
        return Technology(name)
    entry.wrong("technology", f"one of {', '.join(Technology)}")
    return Technology.UNKNOWN


def read_wall(entry: Entry) -> Wall:
    """A wall from its entry."""
    (x0, y0), (x1, y1) = entry.numbers("start_m", 2), entry.numbers("end_m", 2)
    wall = Wall(
        start_m=(x0, y0),
        end_m=(x1, y1),
        loss_db=entry.number("loss_db", low=0, high=100) if "loss_db" in entry else None,
        landing=entry.text("landing") if "landing" in entry else None,
    )
    entry.allow("loss_db", "landing")
    entry.finish()
    return wall


def read_plan(entry: Entry) -> Plan:
    """A floor plan from its entry: ``svg`` as text, or ``png`` in base64."""
    if ("svg" in entry) == ("png" in entry):
        entry.wrong("svg", "either svg or png")
    media, data = (Image.PNG, read_png(entry)) if "png" in entry else (Image.SVG, read_svg(entry))
    plan = Plan(
        landing=entry.text("landing"),
        media=media,
        data=data,
        width=entry.number("width", low=1e-6),
        height=entry.number("height", low=1e-6),
    )
    entry.allow("svg", "png")
    entry.finish()
    return plan


def read_svg(entry: Entry) -> bytes:
    """A drawing that can do nothing but be looked at."""
    drawing = entry.get("svg")
    if not isinstance(drawing, str) or "<svg" not in drawing:
        entry.wrong("svg", "an SVG drawing")
        return b""
    if unsafe := UNSAFE_IN_SVG.search(drawing):
        entry.wrong("svg", f"a drawing without {unsafe[0].strip().lower()}")
    return drawing.encode()


def read_png(entry: Entry) -> bytes:
    """A picture in base64."""
    try:
        picture = base64.b64decode(str(entry.get("png")), validate=True)
    except (binascii.Error, ValueError):
        picture = b""
    if not picture.startswith(PNG):
        entry.wrong("png", "a PNG picture in base64")
    return picture


def corner(raw: object) -> Flat:
    """A corner of an outline."""
    if isinstance(raw, list) and len(raw) == 2 and all(map(is_number, raw)):
        return float(raw[0]), float(raw[1])
    raise ValueError("each corner is two numbers")


def hours(raw: object) -> Hours:
    """Hours in which phones are permitted."""
    if isinstance(raw, str):
        return parse_hours(raw)
    raise ValueError("hours are texts such as 'mon-fri 07:00-19:30'")


def plain_text(raw: object) -> str:
    """A short text."""
    if isinstance(raw, str) and 0 < len(raw) <= 200 and raw.isprintable():
        return raw
    raise ValueError("each is a text of at most 200 characters")


def check(site: Site, faults: Faults) -> None:
    """Note what does not fit together: names that stand twice, and those that nothing has."""
    check_unique("wing", [wing.name for wing in site.wings], faults)
    for kind, things in placed(site).items():
        check_unique(kind, [thing.name for thing in things], faults)
    check_unique("plan of landing", [plan.landing for plan in site.plans], faults)
    for kind, names in watched(site).items():
        check_unique(kind, names, faults)
    check_watched(site, faults)
    for name in {cell.name for cell in site.cells} & {zone.name for zone in site.zones} - {""}:
        faults.add(f"zone {name!r}", "a cell has the same name")
    check_wings(site, faults)
    check_landings(site, faults)


def watched(site: Site) -> dict[str, list[str]]:
    """The names of what is watched beside phones, by its kind."""
    return {
        "reference": [reference.name for reference in site.references],
        "jammer": [jammer.name for jammer in site.jammers],
        "test_phone": [phone.name for phone in site.test_phones],
    }


def check_watched(site: Site, faults: Faults) -> None:
    """Note sensors and wings that are not there, of what is watched beside phones."""
    sensors, wings = {place.name for place in site.sensors}, {wing.name for wing in site.wings}
    for reference in site.references:
        for name in sorted(set(reference.sensors) - sensors):
            faults.add(f"reference {reference.name!r}", f"sensor {name!r} is not in the site")
    for jammer in site.jammers:
        for name in sorted(set(jammer.wings) - wings):
            faults.add(f"jammer {jammer.name!r}", f"wing {name!r} is not in the site")
    for phone in site.test_phones:
        if phone.wing and phone.wing not in wings:
            faults.add(f"test_phone {phone.name!r}", f"wing {phone.wing!r} is not in the site")


def check_unique(kind: str, names: Iterable[str], faults: Faults) -> None:
    """Note names that stand twice."""
    seen: set[str] = set()
    for name in names:
        if name and name in seen:
            faults.found.append(f"site: {kind} {name!r} stands twice")
        seen.add(name)


def check_wings(site: Site, faults: Faults) -> None:
    """Note wings that are not there."""
    known = {wing.name for wing in site.wings} | {"", None}
    for kind, things in placed(site).items():
        for thing in things:
            if thing.wing not in known:
                faults.add(f"{kind} {thing.name!r}", f"wing {thing.wing!r} is not in the site")


def placed(site: Site) -> dict[str, Sequence[Landing | Cell | SensorPlace | Zone]]:
    """Everything that may be of a wing, by its kind."""
    return {"landing": site.landings, "cell": site.cells, "sensor": site.sensors, "zone": site.zones}


def check_landings(site: Site, faults: Faults) -> None:
    """Note landings that are not there, or lie in another wing than their cells."""
    wings = {landing.name: landing.wing for landing in site.all_landings}
    for cell in site.cells:
        if cell.landing and cell.landing not in wings:
            faults.add(f"cell {cell.name!r}", f"landing {cell.landing!r} is not in the site")
        elif cell.landing and wings[cell.landing] != cell.wing:
            faults.add(f"cell {cell.name!r}", f"landing {cell.landing!r} lies in wing {wings[cell.landing]!r}")
    for what, landing in [("plan", plan.landing) for plan in site.plans] + [("wall", w.landing) for w in site.walls]:
        if landing and landing not in wings:
            faults.add(what, f"landing {landing!r} is not in the site")
    drawn = {plan.landing for plan in site.plans}
    for cell in site.cells:
        if cell.polygon and cell.landing not in drawn:
            faults.add(f"cell {cell.name!r}", f"polygon: landing {cell.landing!r} has no plan")
