"""The files of ``wingwatch locate``: a site and its episodes as JSON in, one answer an episode out.

Bytes to values and back, strictly; how a phone is located is :mod:`detector.locate`'s business.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from detector.locate import (
    Deaf,
    Episodes,
    Ground,
    Posterior,
    Sensor,
    Spot,
    begin,
    deaf_sensors,
    ground_of,
    learn,
    posteriors,
)

__all__ = ["LocateError", "answer_fields", "deaf_line", "locate_files", "parse_episodes", "parse_ground"]

MARGIN_DB: Final = 3.0
"""A sensor hears from this much above its noise floor."""

DIGITS: Final = 5


class LocateError(ValueError):
    """A site or an episode that does not say what it must say; the message names the place."""


def locate_files(site: Path, episodes: Path) -> tuple[Iterator[dict[str, Any]], tuple[Deaf, ...]]:
    """Locate the phones of a file of episodes, having learned from all of them.

    Returns
    -------
    tuple
        The answers in the order of the episodes, and the sensors that turned out to be deaf.

    Raises
    ------
    LocateError
        Naming what is wrong in which file.
    OSError
        If a file cannot be read.
    """
    ground = parse_ground(site.read_bytes())
    heard = parse_episodes(episodes.read_bytes(), ground)
    state = learn(ground, begin(ground), heard)
    return (answer_fields(found) for found in posteriors(ground, state, heard)), deaf_sensors(ground, state)


def parse_ground(data: bytes) -> Ground:
    """Read a site: ``cells`` and ``sensors`` by their names.

    A cell has ``centre_m``, perhaps ``size_m``, ``wing`` (otherwise what its name begins with, up to a hyphen) and
    ``permitted``; a sensor has ``place_m``, ``noise_floor_dbm`` and perhaps ``perimeter``.
    """
    raw = parse_object(data, "site")
    cells, sensors = (section(raw, name) for name in ("cells", "sensors"))
    try:
        return ground_of(
            tuple(read_spot(name, cell) for name, cell in cells),
            tuple(read_sensor(name, sensor) for name, sensor in sensors),
        )
    except ValueError as error:
        raise LocateError(str(error)) from error


def parse_episodes(data: bytes, ground: Ground) -> Episodes:
    """Read episodes, one JSON object a line: the level at each sensor that listened, or null where it heard nothing."""
    lines = [line for line in data.splitlines() if line.strip()]
    columns = {sensor.name: index for index, sensor in enumerate(ground.sensors)}
    levels = np.full((len(lines), len(columns)), np.nan)
    listened = np.zeros(levels.shape)
    for row, line in enumerate(lines):
        for name, level in parse_object(line, f"episode {row + 1}").items():
            if name not in columns:
                raise LocateError(f"episode {row + 1}: sensor {name!r} is not in the site")
            listened[row, columns[name]] = 1.0
            if level is not None:
                levels[row, columns[name]] = number(level, f"episode {row + 1}: {name}")
    try:
        return Episodes(levels_db=levels, poi=listened)
    except ValueError as error:
        raise LocateError(str(error)) from error


def answer_fields(found: Posterior) -> dict[str, Any]:
    """A posterior as a JSON object; cells that are left out have no chance worth a digit."""
    cells = {name: round(chance, DIGITS) for name, chance in found.cells.items()}
    told: dict[str, Any] = {"cells": {name: chance for name, chance in cells.items() if chance > 0}}
    if found.permitted:
        told["permitted"] = round(found.permitted, DIGITS)
    return told | {"outside": round(found.outside, DIGITS)}


def deaf_line(deaf: Deaf) -> str:
    """What to tell people of a deaf sensor."""
    return f"sensor {deaf.sensor} hears {deaf.loss_db:.0f} dB less than its peers (± {deaf.spread_db:.0f} dB)"


def read_spot(name: str, raw: dict[str, Any]) -> Spot:
    """A cell from its entry."""
    return Spot(
        name=name,
        wing=str(raw.get("wing", name.partition("-")[0])),
        centre_m=point(raw, "centre_m", f"cell {name}"),
        size_m=point(raw, "size_m", f"cell {name}") if "size_m" in raw else (4.0, 2.5, 3.0),
        permitted=raw.get("permitted") is True,
    )


def read_sensor(name: str, raw: dict[str, Any]) -> Sensor:
    """A sensor from its entry."""
    floor_dbm = number(raw.get("noise_floor_dbm"), f"sensor {name}: noise_floor_dbm")
    return Sensor(
        name=name,
        place_m=point(raw, "place_m", f"sensor {name}"),
        limit_db=floor_dbm + MARGIN_DB,
        perimeter=raw.get("perimeter") is True,
    )


def parse_object(data: bytes, what: str) -> dict[str, Any]:
    """A JSON object."""
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise LocateError(f"{what}: not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise LocateError(f"{what}: not a JSON object")
    return raw


def section(raw: dict[str, Any], name: str) -> Iterable[tuple[str, dict[str, Any]]]:
    """The named entries of a section of the site."""
    entries = raw.get(name)
    if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
        raise LocateError(f"site: {name} is not an object of objects")
    return entries.items()


def point(raw: dict[str, Any], key: str, what: str) -> tuple[float, float, float]:
    """Three finite numbers of an entry."""
    value = raw.get(key)
    if not isinstance(value, list) or len(value) != 3:
        raise LocateError(f"{what}: {key} is {value!r}; expected three numbers [m]")
    x, y, z = (number(each, f"{what}: {key}") for each in value)
    return x, y, z


def number(value: object, what: str) -> float:
    """A finite number."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6:
        return float(value)
    raise LocateError(f"{what}: {value!r} is not a number")
