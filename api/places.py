"""Where the phone of an alert probably is: from levels and silences to ranked cells, outside, and the wing. Pure.

A level is the loudest at which a sensor heard the phone. A silence counts only where the sensor was proved to listen
after the phone began: fresh heartbeat, flowing samples, right clock, empty queue, tuned to the channel.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from math import log10
from typing import Final

import numpy as np

from api.states import SensorState, SensorStatus, sensor_state
from detector.locate import Episodes, Ground, Posterior, State, posteriors

__all__ = [
    "Evidence",
    "Heard",
    "ListeningRules",
    "Location",
    "episodes_of",
    "evidence_of",
    "is_enough",
    "located",
    "told_wing",
]

SMALLEST: Final = 0.005
"""Cells that are less likely are not listed."""

NEEDED: Final = 3
"""Levels and silences without which no cell is told: the phone's own power takes up one of them."""

NO_CELLS: Final = "The site has no cells."


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningRules:
    """When a silence counts; see the settings of the same names.

    Parameters
    ----------
    settle_us
        A sensor must have listened for this long after the phone began.
    silence_poi
        Probability that a sensor that listens catches a phone that is strong enough.
    hearing_snr_db
        From which SNR it is strong enough.
    """

    stale_after_us: int
    settle_us: int
    silence_poi: float
    hearing_snr_db: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What of an alert matters here: when it began, its band, and the loudest level at each sensor that heard it."""

    start_us: int
    freq_lower_hz: float
    freq_upper_hz: float
    levels_db: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Levels of the sensors that heard a phone, and for each that listened in vain, from which level it would have heard."""

    levels_db: Mapping[str, float]
    limits_db: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a phone probably is.

    Parameters
    ----------
    cells
        Likeliest first, without those of no account; none if too little is known.
    wings
        Probability of each wing, likeliest first.
    why
        One plain sentence on what it is made of.
    """

    cells: Mapping[str, float]
    wings: Mapping[str, float]
    permitted: float
    outside: float
    evidence: Evidence
    why: str

    @property
    def is_told(self) -> bool:
        """Whether there was enough to say anything."""
        return bool(self.wings)


def evidence_of(
    heard: Heard,
    before: Evidence | None,
    statuses: Mapping[str, SensorStatus],
    *,
    rules: ListeningRules,
    now_us: int,
) -> Evidence:
    """Levels, and the silences that count, those that counted before among them."""
    silent = {} if before is None else dict(before.limits_db)
    for name, status in statuses.items():
        if name not in silent and (limit_db := silence_limit_db(heard, status, rules=rules, now_us=now_us)) is not None:
            silent[name] = limit_db
    kept = {name: limit for name, limit in sorted(silent.items()) if name not in heard.levels_db}
    return Evidence(levels_db=dict(sorted(heard.levels_db.items())), limits_db=kept)


def silence_limit_db(heard: Heard, status: SensorStatus, *, rules: ListeningRules, now_us: int) -> float | None:
    """The level from which a sensor would have heard the phone; None if its silence says nothing."""
    beat = status.heartbeat
    if sensor_state(status, now_us=now_us, stale_after_us=rules.stale_after_us) is not SensorState.FRESH:
        return None
    listened = status.flowed_us is not None and status.flowed_us >= heard.start_us + rules.settle_us
    if not listened or beat.queue or beat.centre_hz is None or beat.noise_floor_dbfs is None:
        return None
    half_hz = beat.sample_rate_hz / 2
    if heard.freq_lower_hz < beat.centre_hz - half_hz or heard.freq_upper_hz > beat.centre_hz + half_hz:
        return None
    share = max(1.0, heard.freq_upper_hz - heard.freq_lower_hz) / beat.sample_rate_hz
    return round(beat.noise_floor_dbfs + 10 * log10(share) + rules.hearing_snr_db, 1)


def located(
    evidences: Sequence[Evidence],
    ground: Ground | None,
    state: State | None,
    *,
    permitted: Sequence[AbstractSet[str]],
    rules: ListeningRules,
) -> list[Location]:
    """Where the phone of each evidence probably is.

    Parameters
    ----------
    permitted
        For each evidence, the places in which phones were permitted then.
    """
    told: list[Location] = []
    for evidence, zones in zip(evidences, permitted, strict=True):
        if ground is None or state is None:
            told.append(unknown(evidence, NO_CELLS))
        elif not is_enough(evidence, ground):
            told.append(unknown(evidence, too_few(evidence)))
        else:
            (found,) = posteriors(limited(ground, evidence), state, episodes_of([evidence], ground, rules=rules))
            told.append(location_of(found, evidence, ground, permitted=zones))
    return told


def is_enough(evidence: Evidence, ground: Ground) -> bool:
    """Whether enough sensors of the ground tell of a phone, one of them by a level."""
    known = {sensor.name for sensor in ground.sensors}
    heard = known & evidence.levels_db.keys()
    return bool(heard) and len(heard) + len(known & evidence.limits_db.keys()) >= NEEDED


def episodes_of(evidences: Sequence[Evidence], ground: Ground, *, rules: ListeningRules) -> Episodes:
    """Evidences as location reads them."""
    columns = {sensor.name: index for index, sensor in enumerate(ground.sensors)}
    levels_db = np.full((len(evidences), len(columns)), np.nan)
    poi = np.zeros(levels_db.shape)
    for row, evidence in enumerate(evidences):
        for name in columns.keys() & evidence.levels_db.keys():
            levels_db[row, columns[name]], poi[row, columns[name]] = evidence.levels_db[name], 1.0
        for name in columns.keys() & evidence.limits_db.keys():
            poi[row, columns[name]] = rules.silence_poi
    return Episodes(levels_db=levels_db, poi=poi)


def limited(ground: Ground, evidence: Evidence) -> Ground:
    """The ground with the limits at which its silent sensors listened."""
    sensors = tuple(replace(s, limit_db=evidence.limits_db.get(s.name, s.limit_db)) for s in ground.sensors)
    return replace(ground, sensors=sensors)


def location_of(found: Posterior, evidence: Evidence, ground: Ground, *, permitted: AbstractSet[str]) -> Location:
    """A posterior as people are told it; a zone in which phones are not permitted at the time is as any cell."""
    inside = {name: chance for name, chance in found.cells.items() if name not in permitted}
    cells = {name: round(chance, 4) for name, chance in inside.items() if chance >= SMALLEST}
    return Location(
        cells=cells,
        wings={wing: round(chance, 4) for wing, chance in found.wings(ground).items() if wing},
        permitted=round(sum(found.cells[name] for name in permitted & found.cells.keys()), 4),
        outside=round(found.outside, 4),
        evidence=evidence,
        why=f"From {levels_and_silences(evidence)}.",
    )


def unknown(evidence: Evidence, why: str) -> Location:
    """A location of which nothing can be said, and why not."""
    return Location(cells={}, wings={}, permitted=0.0, outside=0.0, evidence=evidence, why=why)


def too_few(evidence: Evidence) -> str:
    """Why no cell is told."""
    return (
        f"Only {levels_and_silences(evidence)}: a cell takes {NEEDED} sensors that heard the phone or listened in vain."
    )


def levels_and_silences(evidence: Evidence) -> str:
    """How much is known."""
    heard, silent = len(evidence.levels_db), len(evidence.limits_db)
    levels = "1 level" if heard == 1 else f"{heard} levels"
    return f"{levels} and {'1 silence' if silent == 1 else f'{silent} silences'}"


def told_wing(location: Location | None, heard_wing: str | None) -> str | None:
    """The wing that people are told, None for outside: where the phone probably is, or else where it was loudest."""
    if location is None or not location.is_told:
        return heard_wing
    wing, chance = next(iter(location.wings.items()))
    return wing if chance >= location.outside else None
