"""Band plans: which uplinks are in use where, and the number of a channel in its band.

The numbers of the bands are the standards' (TS 45.005 clause 2, TS 25.101 clause 5, TS 36.101 clauses 5.5 and 5.7.3,
TS 38.104 clause 5.4.2.1); which of them a country uses, from when until when, is dated data in TOML. Bytes to values
here; who reads the bytes is another's business.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from detector.types import Channel, Technology, Tuning

__all__ = ["Band", "BandPlan", "BandPlanError", "channel_of", "parse_plan", "ranges", "union"]


class BandPlanError(ValueError):
    """A band plan that cannot be used; the message names the entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One uplink band of one technology.

    Parameters
    ----------
    low_hz, high_hz
        Edges of the uplink.
    numbering
        ARFCN, UARFCN, EARFCN or NR-ARFCN.
    origin_hz, origin_number, spacing_hz
        Frequency of one channel number, that number, and the distance of two.
    first, last
        Dates of use, None where open.
    """

    name: str
    technology: Technology
    low_hz: float
    high_hz: float
    numbering: str
    origin_hz: float
    origin_number: int
    spacing_hz: float
    first: date | None = None
    last: date | None = None

    def active(self, day: date | None) -> bool:
        """Whether the band is in use on a day; on an unknown day every band is."""
        return day is None or ((self.first is None or self.first <= day) and (self.last is None or day <= self.last))

    def channel(self, frequency_hz: float) -> Channel:
        """The channel nearest to a frequency."""
        return Channel(
            numbering=self.numbering,
            number=self.origin_number + round((frequency_hz - self.origin_hz) / self.spacing_hz),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BandPlan:
    """The uplink bands of a country, as of a date."""

    country: str
    as_of: date | None
    bands: tuple[Band, ...]


def parse_plan(data: bytes) -> BandPlan:
    """Read a band plan.

    Raises
    ------
    BandPlanError
        Naming the entry and the key.
    """
    try:
        raw = tomllib.loads(data.decode())
        return BandPlan(country=raw["country"], as_of=raw["as_of"], bands=tuple(map(parse_band, raw["band"])))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BandPlanError(f"band plan: not TOML: {error}") from error
    except KeyError as error:
        raise BandPlanError(f"band plan: {error.args[0]} is missing") from error


def parse_band(raw: dict[str, Any]) -> Band:
    """One ``[[band]]`` of a plan."""
    name = raw.get("name", "a band without a name")
    try:
        band = Band(
            name=raw["name"],
            technology=Technology(raw["technology"]),
            low_hz=raw["uplink_mhz"][0] * 1e6,
            high_hz=raw["uplink_mhz"][1] * 1e6,
            numbering=raw["numbering"],
            origin_hz=raw["origin_mhz"] * 1e6,
            origin_number=raw["origin_number"],
            spacing_hz=raw["spacing_khz"] * 1e3,
            first=raw.get("first"),
            last=raw.get("last"),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise BandPlanError(f"band plan: {name}: {error}") from error
    if not 0 < band.low_hz < band.high_hz:
        raise BandPlanError(f"band plan: {name}: uplink_mhz={raw['uplink_mhz']} is not ascending")
    return band


def union(plans: Sequence[BandPlan]) -> BandPlan:
    """All bands of several plans, each once."""
    return BandPlan(
        country="+".join(p.country for p in plans),
        as_of=None,
        bands=tuple(dict.fromkeys(b for p in plans for b in p.bands)),
    )


def ranges(
    plan: BandPlan, technology: Technology, tuning: Tuning, day: date | None = None
) -> tuple[tuple[float, float], ...]:
    """Where a technology's active uplinks lie in a received band.

    Returns
    -------
    tuple
        (lower, upper) edges as offsets from the centre [Hz], ascending and merged. The whole band where the tuning does
        not tell its centre.
    """
    half = tuning.sample_rate_hz / 2
    if tuning.centre_hz is None:
        return ((-half, half),)
    merged: list[tuple[float, float]] = []
    for low, high in sorted((b.low_hz, b.high_hz) for b in plan.bands if b.technology == technology and b.active(day)):
        cut = max(low - tuning.centre_hz, -half), min(high - tuning.centre_hz, half)
        if cut[0] >= cut[1]:
            continue
        if merged and cut[0] <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], cut[1])
        else:
            merged.append(cut)
    return tuple(merged)


def channel_of(plan: BandPlan, technology: Technology, frequency_hz: float, day: date | None = None) -> Channel | None:
    """Number of the channel at a frequency, in the narrowest active band that holds it; None outside every band."""
    holding = [
        b for b in plan.bands if b.technology == technology and b.active(day) and b.low_hz <= frequency_hz <= b.high_hz
    ]
    return min(holding, key=lambda b: b.high_hz - b.low_hz).channel(frequency_hz) if holding else None
