"""What a scan plan is made of: the bands in use, and what the receivers that we know can hear.

Receivers are constant records, as their makers and the authors of their drivers state them. Nothing here opens one.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from detector.bands import Band, BandPlan
from detector.pipeline import SEARCHES
from detector.scan import Policy, Reach
from detector.types import Technology

__all__ = ["HARDWARE", "bands_named", "policy_of", "reach_of", "searched"]


def radio(name: str, low_mhz: float, high_mhz: float, rate_mhz: float) -> Reach:
    """A receiver by what its data sheet says, in megahertz."""
    return Reach(name=name, low_hz=low_mhz * 1e6, high_hz=high_mhz * 1e6, sample_rate_hz=rate_mhz * 1e6)


HARDWARE: Final[Mapping[str, Reach]] = {
    one.name: one
    for one in (
        radio("rtlsdr", 24, 1766, 2.4),  # R820T2 tuner; above 2.4 MS/s samples are lost
        radio("airspy", 24, 1700, 10),
        radio("pluto", 325, 3800, 20),
        radio("hackrf", 1, 6000, 20),
        radio("limesdr", 0.1, 3800, 61.44),
        radio("usrp", 70, 6000, 56),  # B200
    )
}


def reach_of(kind: str) -> Reach:
    """What a kind of receiver can hear.

    Raises
    ------
    ValueError
        If the kind is not known.
    """
    if kind not in HARDWARE:
        raise ValueError(f"receiver={kind!r} is not known; expected one of {', '.join(HARDWARE)}")
    return HARDWARE[kind]


def policy_of(name: str) -> Policy:
    """A policy by its name.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if name not in set(Policy):
        raise ValueError(f"policy={name!r} is not known; expected one of {', '.join(Policy)}")
    return Policy(name)


def bands_named(plan: BandPlan, names: Sequence[str], *, day: date) -> list[Band]:
    """Bands in use on a day, all of them where none is named.

    Raises
    ------
    ValueError
        If no band of a name is in use.
    """
    active = [band for band in plan.bands if band.active(day)]
    missing = [name for name in names if all(band.name != name for band in active)]
    if missing:
        known = ", ".join(dict.fromkeys(band.name for band in active))
        raise ValueError(f"band={missing[0]!r} is not in use here; there are {known}")
    wanted = [band for band in active if not names or band.name in names]
    # Countries number the same band alike, but use it from and until other days.
    return list({(band.technology, band.low_hz, band.high_hz): band for band in wanted}.values())


def searched() -> frozenset[Technology]:
    """The technologies whose signals the detector searches for."""
    return frozenset(SEARCHES)
