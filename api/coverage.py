"""What could have been heard: of an hour, a wing and a band, how much was listened to, and what of a phone's use was met.

Pure. Both figures are those of the best sensor on each piece of the band, and so the least that is true: two sensors that
listen in turn together hear more. A phone must also be strong enough, of which nothing is said here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from api.watching import Tuned, Watch
from detector.bands import Band
from detector.scan import EVENTS, Event, Rhythm, intercept_probability

__all__ = ["HOUR_US", "Coverage", "coverage_of", "hour_of", "intercepted"]

HOUR_US: Final = 3600 * 1_000_000
HOUR_S: Final = 3600.0

ALWAYS: Final = 0.98
"""A share of the time from which on a sensor stays on its tuning."""

PIECE_S: Final = (0.1, 10.0)
"""Limits of a stay on one tuning, as heartbeats cut it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What could have been heard of one band of one wing within one hour.

    Parameters
    ----------
    listened_share
        Of the hour, averaged over the band.
    chances
        Probability of intercept of each event of the band's technology, that begins at any time of the hour on any of
        the band's channels.
    healthy
        Sensors without an alarm, averaged over the hour; of so many ``sensors`` that are to hear the band.
    """

    hour_us: int
    wing: str
    band: str
    listened_share: float
    chances: Mapping[str, float]
    healthy: float
    sensors: int


def hour_of(at_us: int) -> int:
    """When the hour of an instant began."""
    return at_us - at_us % HOUR_US


def coverage_of(
    band: Band, watches: Mapping[str, Watch], *, wing: str, hour_us: int, length_s: float = HOUR_S
) -> Coverage:
    """What could have been heard of a band.

    Parameters
    ----------
    watches
        Of the sensors that are to hear it.
    length_s
        Of the hour, how much has passed.
    """
    mine = {name: watch for name, watch in watches.items() if watch.hour_us == hour_us}
    width_hz = band.high_hz - band.low_hz
    events = [event for event in EVENTS.values() if event.technology is band.technology]
    listened, chances = 0.0, {event.name: 0.0 for event in events}
    for low, high in pieces(band, mine):
        visits = [visit for watch in mine.values() for visit in visits_of(watch, low, high, length_s=length_s)]
        weight = (high - low) / width_hz
        listened += weight * max((up * share for up, share, _ in visits), default=0.0)
        for event in events:
            met = (up * intercepted(event, share=share, stay_s=stay_s) for up, share, stay_s in visits)
            chances[event.name] += weight * max(met, default=0.0)
    return Coverage(
        hour_us=hour_us,
        wing=wing,
        band=band.name,
        listened_share=round(listened, 4),
        chances={name: round(chance, 4) for name, chance in chances.items()},
        healthy=round(sum(min(1.0, watch.healthy_s / length_s) for watch in mine.values()), 2),
        sensors=len(watches),
    )


Visit = tuple[float, float, float]
"""Share of the hour in which a sensor was up, share of that on one tuning, and how long it stayed there at once [s]."""


def pieces(band: Band, watches: Mapping[str, Watch]) -> list[tuple[float, float]]:
    """A band, cut where any tuning begins or ends."""
    edges = {edge for watch in watches.values() for tuned in watch.tunings for edge in tuned.span_hz}
    inside = sorted({band.low_hz, band.high_hz} | {edge for edge in edges if band.low_hz < edge < band.high_hz})
    return list(pairwise(inside))


def visits_of(watch: Watch, low_hz: float, high_hz: float, *, length_s: float) -> list[Visit]:
    """How one sensor visited a piece of spectrum."""
    return [
        visit_of(watch, tuned, length_s=length_s)
        for tuned in watch.tunings
        if tuned.seconds > 0 and tuned.span_hz[0] <= low_hz and high_hz <= tuned.span_hz[1]
    ]


def visit_of(watch: Watch, tuned: Tuned, *, length_s: float) -> Visit:
    """How one sensor visited one tuning; it was up for no less than it listened."""
    up_s = min(length_s, max(watch.up_s, tuned.seconds))
    stay_s = min(max(tuned.seconds / max(1, tuned.pieces), PIECE_S[0]), PIECE_S[1])
    return up_s / length_s, min(1.0, tuned.seconds / up_s), stay_s


def intercepted(event: Event, *, share: float, stay_s: float) -> float:
    """Probability that a sensor that is up meets an event on a tuning where it is for a share of the time.

    Between half of the time and all of it, the two are mixed: what a scan of two windows meets is the least.
    """
    if share >= ALWAYS:
        return intercept_probability(Rhythm(windows=1, dwell_s=1.0, settle_s=0.0, linger_s=0.0), event)
    stay_s, share = round(stay_s, 1), round(share, 2)
    if share <= 0:
        return 0.0
    scanned = intercept_probability(rhythm_of(min(share, 0.5), stay_s), event)
    if share <= 0.5:
        return scanned
    return scanned + (2 * share - 1) * (intercepted(event, share=1.0, stay_s=stay_s) - scanned)


def rhythm_of(share: float, stay_s: float) -> Rhythm:
    """A scan that is on one window for a share of the time, at most half, and stays for so long at once."""
    return Rhythm(windows=2, dwell_s=stay_s, settle_s=stay_s * (0.5 / share - 1), linger_s=0.0)
