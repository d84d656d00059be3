"""Writes a site as TOML that :func:`parse_site` reads back to the same value; with or without the sensors' places."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from detector.site.values import (
    Antenna,
    Cell,
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
)

__all__ = ["dump_site"]


def dump_site(site: Site, *, places: bool = True) -> bytes:
    """A site as TOML.

    Parameters
    ----------
    places
        Whether to tell where sensors stand and what they listen with. Without that it is to be looked at, not read back.
    """
    lines = [assignment(key, getattr(site, key)) for key in ("name", "country", "time_zone")]
    for wing in site.wings:
        lines += table("wing", wing_fields(wing))
    for landing in site.landings:
        lines += table("landing", landing_fields(landing))
    for sensor in site.sensors:
        lines += table("sensor", sensor_fields(sensor, places=places))
    for zone in site.zones:
        lines += table("zone", zone_fields(zone))
    for reference in site.references:
        lines += table("reference", reference_fields(reference))
    for jammer in site.jammers:
        lines += table("jammer", jammer_fields(jammer))
    for phone in site.test_phones:
        lines += table("test_phone", test_phone_fields(phone))
    for wall in site.walls:
        lines += table("wall", wall_fields(wall))
    for cell in site.cells:
        lines += table("cell", cell_fields(cell))
    for plan in site.plans:
        lines += table("plan", plan_fields(plan))
    return ("\n".join(lines) + "\n").encode()


def table(kind: str, fields: Mapping[str, Any]) -> Iterator[str]:
    """An entry, without what is not known."""
    yield f"\n[[{kind}]]"
    yield from (assignment(key, value) for key, value in fields.items() if value is not None and value != ())


def wing_fields(wing: Wing) -> Mapping[str, Any]:
    """A wing's keys."""
    return {"name": wing.name, "title": wing.title, "bands": wing.bands, "heard_share": wing.heard_share}


def landing_fields(landing: Landing) -> Mapping[str, Any]:
    """A landing's keys."""
    return {"name": landing.name, "wing": landing.wing, "title": landing.title}


def sensor_fields(sensor: SensorPlace, *, places: bool) -> Mapping[str, Any]:
    """A sensor's keys."""
    told: dict[str, Any] = {"name": sensor.name, "wing": sensor.wing, "bands": sensor.bands}
    if not places:
        return told
    antenna = None if sensor.antenna is None else antenna_fields(sensor.antenna)
    return told | {"place_m": sensor.place_m, "receivers": sensor.receivers, "antenna": antenna}


def antenna_fields(antenna: Antenna) -> Mapping[str, Any]:
    """An antenna's keys."""
    told = {"model": antenna.model or None, "gain_dbi": antenna.gain_dbi, "cable_db": antenna.cable_db}
    return {key: value for key, value in told.items() if value is not None}


def zone_fields(zone: Zone) -> Mapping[str, Any]:
    """A zone's keys."""
    hours = tuple(str(each) for each in zone.hours)
    return {"name": zone.name, "wing": zone.wing, "centre_m": zone.centre_m, "size_m": zone.size_m, "hours": hours}


def reference_fields(reference: Reference) -> Mapping[str, Any]:
    """A reference carrier's keys."""
    mhz = reference.frequency_hz / 1e6
    return {"name": reference.name, "frequency_mhz": mhz, "sensors": reference.sensors}


def jammer_fields(jammer: Jammer) -> Mapping[str, Any]:
    """A jammer's keys."""
    hours = tuple(str(each) for each in jammer.hours)
    return {"name": jammer.name, "wings": jammer.wings, "bands": jammer.bands, "hours": hours}


def test_phone_fields(phone: TestPhone) -> Mapping[str, Any]:
    """A test phone's keys."""
    return {
        "name": phone.name,
        "wing": phone.wing,
        "technology": str(phone.technology),
        "channel": phone.channel,
        "hours": tuple(str(each) for each in phone.hours),
    }


def wall_fields(wall: Wall) -> Mapping[str, Any]:
    """A wall's keys."""
    return {"start_m": wall.start_m, "end_m": wall.end_m, "loss_db": wall.loss_db, "landing": wall.landing}


def cell_fields(cell: Cell) -> Mapping[str, Any]:
    """A cell's keys."""
    return {
        "name": cell.name,
        "wing": cell.wing,
        "landing": cell.landing,
        "centre_m": cell.centre_m,
        "size_m": cell.size_m,
        "polygon": cell.polygon,
    }


def plan_fields(plan: Plan) -> Mapping[str, Any]:
    """A plan's keys."""
    picture = {"svg": plan.data.decode()} if plan.media is Image.SVG else {"png": base64.b64encode(plan.data).decode()}
    return {"landing": plan.landing, "width": plan.width, "height": plan.height} | picture


def assignment(key: str, value: object) -> str:
    """A key and its value."""
    return f"{key} = {literal(value)}"


def literal(value: object) -> str:
    """A value as TOML writes it; JSON's texts and numbers are TOML's as well, but for the delete character."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(assignment(key, each) for key, each in value.items()) + " }"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Iterable):
        return "[" + ", ".join(literal(each) for each in value) + "]"
    return repr(value)
