"""The site as the hub knows it at this moment: its plan, the ground that location works on, and what was learned of it.

A value that is replaced as a whole; the one holder of it is :class:`Current`. Bytes of what was learned are made and
read here, and kept elsewhere.
"""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass, fields, replace
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from detector.locate import Ground, Sensor, Spot, State, begin, ground_of
from detector.locate.evidence import Power
from detector.locate.expectation import Sums
from detector.site import Cell, Site, Zone
from detector.times import from_microseconds

__all__ = ["NO_WING", "Current", "Premises", "dump_state", "ground_key", "premises_of", "restored"]

SUMS: Final = tuple(f.name for f in fields(Sums))
NO_WING: Final = ""
"""The wing of a zone that belongs to none, such as a gate."""

UNKNOWN_LIMIT_DB: Final = 0.0
"""A sensor's limit is told with each question; this one is never used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """A site and what was learned of it; no ground and no state where nothing can be located."""

    site: Site
    ground: Ground | None
    state: State | None

    def permitted(self, at_us: int) -> frozenset[str]:
        """The zones in which phones are permitted at an instant."""
        local = from_microseconds(at_us).astimezone(ZoneInfo(self.site.time_zone))
        return frozenset(zone.name for zone in self.site.zones if zone.permits(local))


class Current:
    """Holds the premises as they are now; to swap them is one assignment, so that readers see the old or the new."""

    def __init__(self, premises: Premises) -> None:
        self.premises = premises


def premises_of(site: Site, learned: bytes | None = None) -> Premises:
    """A site with what was learned of it, or with the stated priors where nothing fitting is given."""
    ground = ground_at(site)
    state = None if ground is None else restored(ground, learned)
    return Premises(site=site, ground=ground, state=state)


def ground_at(site: Site) -> Ground | None:
    """What location knows of a site; None where it has no cells or no sensors."""
    if not site.cells or not site.sensors:
        return None
    places: tuple[Cell | Zone, ...] = (*site.cells, *site.zones)
    spots = tuple(
        Spot(name=place.name, wing=place.wing or NO_WING, centre_m=place.centre_m, size_m=place.size_m)
        for place in places
    )
    sensors = tuple(
        Sensor(name=s.name, place_m=s.place_m, limit_db=UNKNOWN_LIMIT_DB, perimeter=s.wing is None)
        for s in site.sensors
    )
    return ground_of(spots, sensors)


def ground_key(ground: Ground) -> str:
    """Names a ground by all that what is learned depends on: its places and its sensors."""
    told: list[list[object]] = [[s.name, s.wing, s.centre_m, s.size_m] for s in ground.spots]
    told += [[s.name, s.place_m, s.perimeter] for s in ground.sensors]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def dump_state(ground: Ground, state: State) -> bytes:
    """What was learned, as bytes that :func:`restored` reads."""
    arrays: dict[str, Any] = {
        "ground": np.array(ground_key(ground)),
        "terms": state.terms,
        "covariance": state.covariance,
        "spread_db": np.array(state.spread_db),
        "places": state.places,
    }
    arrays |= {f"memory_{name}": getattr(state.memory, name) for name in SUMS}
    if state.power is not None:
        arrays |= {"origin_db": np.array(state.power.origin_db), "counts": state.power.counts}
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def restored(ground: Ground, learned: bytes | None) -> State:
    """What was learned of a ground; the stated priors if nothing was, or if that was another ground."""
    state = begin(ground)
    if learned is None:
        return state
    try:
        with np.load(io.BytesIO(learned), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return state if str(arrays["ground"]) != ground_key(ground) else filled(state, arrays)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return state


def filled(state: State, arrays: dict[str, Any]) -> State:
    """The stated priors replaced by what was learned."""
    if arrays["terms"].shape != state.terms.shape:
        return state
    power = None
    if "counts" in arrays:
        power = Power(origin_db=float(arrays["origin_db"]), counts=arrays["counts"])
    return replace(
        state,
        terms=arrays["terms"],
        covariance=arrays["covariance"],
        spread_db=float(arrays["spread_db"]),
        places=arrays["places"],
        power=power,
        memory=Sums(**{name: arrays[f"memory_{name}"] for name in SUMS}),
    )
