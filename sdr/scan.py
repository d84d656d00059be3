"""What a scan plan is made of: the bands in use, what the receivers that we know can hear, and a sensor's part of it.

Receivers are constant records, as their makers and the authors of their drivers state them. Nothing here opens one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from detector.bands import Band, BandPlan
from detector.pipeline import SEARCHES
from detector.scan import Policy, Reach, Reference, Rhythm, Tour, cover
from detector.types import Technology
from sdr.settings import SensorSettings, SettingsError

__all__ = ["HARDWARE", "bands_named", "policy_of", "reach_of", "searched", "tour_of"]


TUNABLE: Final = frozenset({"rtlsdr", "rtltcp", "soapy"})

DRIVERS: Final = {"lime": "limesdr", "uhd": "usrp", "plutosdr": "pluto"}
"""SoapySDR's names of receivers, where they are not ours."""

REFERENCE_EVERY_S: Final = 60.0
REFERENCE_DWELL_S: Final = 0.2


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


def tour_of(settings: SensorSettings, plan: BandPlan, *, day: date) -> Tour:
    """Where a sensor's receiver is to listen: its centres, or its windows of the plan that it shares with others.

    Parameters
    ----------
    plan, day
        The bands in use.

    Raises
    ------
    SettingsError
        If the settings contradict each other, or leave the receiver nothing that it hears.
    """
    try:
        bands = bands_named(plan, settings.bands, day=day) if settings.bands else []
        centres_hz = shared_windows(settings, bands) if bands else settings.centre_hz
        rhythm = Rhythm(
            windows=len(centres_hz),
            policy=policy_of(settings.policy),
            dwell_s=settings.dwell_s,
            settle_s=settings.settle_s,
            linger_s=settings.linger_s,
        )
    except ValueError as error:
        raise SettingsError(f"settings: {error}") from error
    tour = Tour(rhythm=rhythm, centres_hz=centres_hz, reference=reference_of(settings))
    kind = settings.source.partition(":")[0]
    if not tour.still and kind not in TUNABLE:
        raise SettingsError(f"settings: source={settings.source!r} cannot be tuned; one centre_hz, no reference_hz")
    return tour


def shared_windows(settings: SensorSettings, bands: Sequence[Band]) -> tuple[float, ...]:
    """The centres of one receiver's windows, where each of those that share computes the same plan by itself."""
    if "centre_hz" in settings.model_fields_set:
        raise SettingsError("settings: bands and centre_hz are both set; give one of them")
    sources = settings.shared_by or (settings.source,)
    if settings.source not in sources or len(set(sources)) < len(sources):
        raise SettingsError(f"settings: shared_by: expected different receivers, {settings.source!r} among them")
    wanted = [(band.low_hz, band.high_hz) for band in bands if band.technology in SEARCHES]
    reaches = [replace(reach_of_source(source), sample_rate_hz=settings.sample_rate_hz) for source in sources]
    windows = cover(wanted, reaches).of_receiver(sources.index(settings.source))
    if not windows:
        raise SettingsError(f"settings: bands: {settings.source!r} hears none of {', '.join(settings.bands)}")
    return tuple(window.centre_hz for window in windows)


def reach_of_source(source: str) -> Reach:
    """What the receiver of a source's word can hear."""
    kind, _, address = source.partition(":")
    if kind == "soapy":
        told = dict(pair.partition("=")[::2] for pair in address.split(","))
        kind = DRIVERS.get(told.get("driver", ""), told.get("driver", ""))
    kind = "rtlsdr" if kind == "rtltcp" else kind
    if kind not in HARDWARE:
        raise SettingsError(f"settings: bands: what {source!r} can hear is not known; set centre_hz instead")
    return HARDWARE[kind]


def reference_of(settings: SensorSettings) -> Reference | None:
    """The visit of the settings' reference carrier, which is kept off the receiver's own line at its centre."""
    if settings.reference_hz is None:
        return None
    centre_hz = settings.reference_hz + settings.sample_rate_hz / 8
    return Reference(centre_hz=centre_hz, every_s=REFERENCE_EVERY_S, dwell_s=REFERENCE_DWELL_S)


def searched() -> frozenset[Technology]:
    """The technologies whose signals the detector searches for."""
    return frozenset(SEARCHES)
